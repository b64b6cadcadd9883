"""What the commands print: aligned and coloured for people, one JSON document for programs."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")(command)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_fields(fields: Mapping[str, str]) -> None:
    """One `name  value` a line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        say(f"{name:<{width}}  ", value, name_colour="cyan")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their longest cell."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()

    click.echo(styled(line(columns), bold=True))
    for row in rows:
        click.echo(line(row))


def say(name: str, value: str, *, name_colour: str) -> None:
    click.echo(styled(name, fg=name_colour) + value)


def note(text: str) -> None:
    """Something for a person beside the result: on stderr, so that the result can be piped on."""
    click.echo(styled(text, fg="bright_black", stream_is_tty=sys.stderr.isatty()), err=True)


def styled(text: str, *, stream_is_tty: bool | None = None, **style: Any) -> str:
    """In colour on a terminal, unless NO_COLOR is set."""
    is_tty = sys.stdout.isatty() if stream_is_tty is None else stream_is_tty
    return click.style(text, **style) if is_tty and not os.environ.get("NO_COLOR") else text


def when(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: int) -> str:
    """The two largest units: `1 d 2 h`, `90 s` as `1 min 30 s`."""
    parts = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
