"""The command `salon`."""

import sys

import click

from salon_cli.app import app
from salon_cli.doctor import doctor
from salon_cli.token import token

_ORDER = ("dev", "doctor", "app", "token")


class SalonGroup(click.Group):
    """Commands in the order one needs them. `dev` is imported when it is asked for: it brings the whole cloud along."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ORDER)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "dev":
            from salon_cli.dev import dev

            return dev
        return super().get_command(ctx, cmd_name)


@click.group(cls=SalonGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def salon() -> None:
    """Salon, a self-hosted video-call cloud.

    \b
    Try it on this machine:
      salon dev                                           start everything
      salon doctor                                        is everything well?
      salon app create --name "Our shop"                  an AppID and its ServerSecret
      salon token mint --app-id APPID --user-id alice     a token to log in with

    The commands find a cloud started by `salon dev` in the same folder by themselves. For another one set
    SALON_NATS_URL, SALON_NATS_USER and SALON_NATS_PASSWORD.
    """


salon.add_command(app)
salon.add_command(token)
salon.add_command(doctor)


def main() -> None:
    """Entry point. Whatever goes wrong is one sentence on stderr and exit code 1, or 2 for a wrong call."""
    try:
        salon(prog_name="salon")
    except Exception as problem:  # noqa: BLE001  # the last one to hear of it; a traceback helps nobody at a terminal
        click.echo(f"Error: unexpected {type(problem).__name__}: {problem}", err=True)
        sys.exit(1)
