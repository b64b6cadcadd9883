"""`salon token`: make tokens for trying."""

import time

import click
from salon.token.v1.token_pb2 import TOKEN_FORM_CBC, TOKEN_FORM_GCM, MintedToken, MintToken, Privileges
from salon_contracts.subjects import command

from salon_cli.app import APP_ID
from salon_cli.connection import REQUEST_TIMEOUT_S, run
from salon_cli.output import duration, json_option, note, print_json, when

FORMS = {"gcm": TOKEN_FORM_GCM, "cbc": TOKEN_FORM_CBC}


@click.group(name="token", short_help="Make tokens, for trying.")
def token() -> None:
    """Tokens: permits to log in, normally made by an app's own server (docs/tokens.md)."""


@token.command()
@click.option("--app-id", type=APP_ID, required=True, help="The app.")
@click.option("--user-id", required=True, help="Who may log in with it.")
@click.option("--room-id", help="Only this room; '' is any room, but with a privilege payload.")
@click.option("--no-publish", is_flag=True, help="Watching only.")
@click.option("--stream-id", "stream_ids", multiple=True, help="Only this stream may be published; may be repeated.")
@click.option(
    "--play-room-id",
    "play_room_ids",
    multiple=True,
    help="Streams of this other room may be played too ('': of every room); may be repeated.",
)
@click.option(
    "--lifetime-s",
    type=click.IntRange(1, 30 * 86_400),
    default=3600,
    show_default=True,
    help="Seconds it is good for, at most 30 days.",
)
@click.option(
    "--form",
    type=click.Choice(list(FORMS)),
    default="gcm",
    show_default=True,
    help="gcm is the one to use; cbc is not authenticated, and only for apps with --accept-cbc.",
)
@json_option
def mint(
    *,
    app_id: int,
    user_id: str,
    room_id: str | None,
    no_publish: bool,
    stream_ids: tuple[str, ...],
    play_room_ids: tuple[str, ...],
    lifetime_s: int,
    form: str,
    as_json: bool,
) -> None:
    """Make a token, for trying and for scripts.

    Without --room-id, --no-publish, --stream-id and --play-room-id it allows everything its user may do in the app.

    \b
    Examples:
      salon token mint --app-id 1234567890 --user-id alice
      salon token mint --app-id 1234567890 --user-id bob --room-id room1 --no-publish --lifetime-s 600
    """
    order = MintToken(app_id=app_id, user_id=user_id, lifetime_s=lifetime_s, form=FORMS[form])
    if room_id is not None or no_publish or stream_ids or play_room_ids:
        order.privileges.CopyFrom(
            Privileges(
                room_id=room_id or "",
                may_log_in=True,
                may_publish=not no_publish,
                stream_ids=stream_ids,
                play_room_ids=play_room_ids,
            )
        )
    minted = run(lambda bus: bus.request(command("token", "mint-token"), order, MintedToken, REQUEST_TIMEOUT_S))
    if as_json:
        print_json({"token": minted.token, "expires_at_unix_s": minted.expires_at_unix_s})
        return
    click.echo(minted.token)
    left_s = max(0, minted.expires_at_unix_s - int(time.time()))
    note(f"Good until {when(minted.expires_at_unix_s)} ({duration(left_s)}).")
