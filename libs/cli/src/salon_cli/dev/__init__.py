"""`salon dev`: the whole cloud on one machine."""

from salon_cli.dev.command import dev

__all__ = ["dev"]
