"""`salon app`: create, list, change the policy, rotate, delete."""

import sys

import click
from salon.token.v1.token_pb2 import (
    AppCredentials,
    AppDeletedReply,
    AppList,
    AppPolicy,
    ChangePolicy,
    CreateApp,
    DeleteApp,
    ListApps,
    PolicyChangedReply,
    RotateSecret,
)
from salon_contracts.ids import APP_ID_MAX
from salon_contracts.subjects import command, query

from salon_cli.connection import REQUEST_TIMEOUT_S, run
from salon_cli.output import duration, json_option, note, print_fields, print_json, print_table, when

APP_ID = click.IntRange(1, APP_ID_MAX)
CBC_WARNING = (
    "Warning: tokens of the CBC form are not authenticated. Whoever sees one can change its first 16 characters, and, "
    "with luck, later ones. Salon refuses what it can see of that. Move your servers to the GCM form, then switch this "
    "off: `salon app change-policy APPID --no-accept-cbc`."
)
ACCEPT_CBC = (
    "Accept tokens of the CBC form too. They are not authenticated. The older public token04 generators make it, "
    "the newer ones GCM; docs/tokens.md says how to tell. The older one for Java is refused even so."
)
POLICIES = ("require_privileges", "max_token_age_s", "accept_cbc", "allow_play_across_rooms")
PLAY_ACROSS = "Let whoever is in one room play the streams of every other; without it a token has to name the room."


@click.group(name="app")
def app() -> None:
    """Apps: who may use this cloud.

    An app has an AppID, which browsers know, and a ServerSecret, which only its server and Salon know and which its
    server makes tokens with.
    """


@app.command()
@click.option("--name", default="", help="For people; shown by `salon app list`.")
@click.option("--app-id", type=APP_ID, help="Take this AppID; without it a free one is chosen.")
@click.option("--require-privileges", is_flag=True, help="Accept only tokens with a privilege payload.")
@click.option(
    "--max-token-age-s",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    help="Refuse tokens made longer ago than this, whatever they say; 0: no limit.",
)
@click.option("--accept-cbc", is_flag=True, help=ACCEPT_CBC)
@click.option("--allow-play-across-rooms", is_flag=True, help=PLAY_ACROSS)
@click.option(
    "--secret-from-stdin",
    is_flag=True,
    help="Keep an existing ServerSecret: read its 32 characters from stdin.",
)
@json_option
def create(
    *,
    name: str,
    app_id: int | None,
    require_privileges: bool,
    max_token_age_s: int,
    accept_cbc: bool,
    allow_play_across_rooms: bool,
    secret_from_stdin: bool,
    as_json: bool,
) -> None:
    """Make an app and show its ServerSecret, this one time.

    \b
    Examples:
      salon app create --name "Our shop"
      salon app create --app-id 1234567890 --secret-from-stdin < secret.txt
    """
    order = CreateApp(
        name=name,
        policy=AppPolicy(
            require_privileges=require_privileges,
            max_token_age_s=max_token_age_s,
            accept_cbc=accept_cbc,
            allow_play_across_rooms=allow_play_across_rooms,
        ),
        app_id=app_id or 0,
        server_secret=_read_secret() if secret_from_stdin else "",
    )
    made = run(lambda bus: bus.request(command("token", "create-app"), order, AppCredentials, REQUEST_TIMEOUT_S))
    _show(made, as_json=as_json)
    if accept_cbc:
        note(CBC_WARNING)


@app.command(name="change-policy")
@click.argument("app_id", type=APP_ID, metavar="APPID")
@click.option("--require-privileges/--no-require-privileges", default=None, help="Refuse tokens without a payload.")
@click.option(
    "--max-token-age-s", type=click.IntRange(0, 2**32 - 1), help="Refuse tokens made longer ago than this; 0: no limit."
)
@click.option("--accept-cbc/--no-accept-cbc", default=None, help=ACCEPT_CBC)
@click.option("--allow-play-across-rooms/--no-allow-play-across-rooms", default=None, help=PLAY_ACROSS)
@json_option
def change_policy(
    *,
    app_id: int,
    require_privileges: bool | None,
    max_token_age_s: int | None,
    accept_cbc: bool | None,
    allow_play_across_rooms: bool | None,
    as_json: bool,
) -> None:
    """Change what tokens of an app are accepted, and what they allow. What is not named stays as it is.

    It counts for the next log-in; who is in a call stays in it.

    \b
    Examples:
      salon app change-policy 1234567890 --accept-cbc
      salon app change-policy 1234567890 --no-accept-cbc --max-token-age-s 3600
    """
    order = ChangePolicy(
        app_id=app_id,
        require_privileges=require_privileges,
        max_token_age_s=max_token_age_s,
        accept_cbc=accept_cbc,
        allow_play_across_rooms=allow_play_across_rooms,
    )
    if not order.ListFields()[1:]:  # the AppID is the first
        raise click.UsageError("Name at least one policy to change.")
    reply = run(
        lambda bus: bus.request(command("token", "change-policy"), order, PolicyChangedReply, REQUEST_TIMEOUT_S)
    )
    if as_json:
        print_json({"app_id": app_id, **_policy_fields(reply.policy)})
    else:
        click.echo(f"App {app_id}: {_policy(reply.policy)}")
    if accept_cbc:
        note(CBC_WARNING)


@app.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show every app, without secrets.

    \b
    Examples:
      salon app list
      salon app list --json | jq '.[].app_id'
    """
    found = run(lambda bus: bus.request(query("token", "list-apps"), ListApps(), AppList, REQUEST_TIMEOUT_S))
    if as_json:
        print_json(
            [
                {
                    "app_id": one.app_id,
                    "name": one.name,
                    "created_at_unix_ms": one.created_at_unix_ms,
                    "rotated_at_unix_ms": one.rotated_at_unix_ms,
                    **_policy_fields(one.policy),
                }
                for one in found.apps
            ]
        )
        return
    if not found.apps:
        note("There are no apps yet; `salon app create` makes one.")
        return
    rows = [
        (
            str(one.app_id),
            one.name or "-",
            when(one.created_at_unix_ms / 1000),
            when(one.rotated_at_unix_ms / 1000),
            _policy(one.policy),
        )
        for one in found.apps
    ]
    print_table(("APPID", "NAME", "CREATED", "SECRET SINCE", "POLICY"), rows)


@app.command(name="rotate-secret")
@click.argument("app_id", type=APP_ID, metavar="APPID")
@click.option(
    "--grace-s",
    type=click.IntRange(0, 30 * 86_400),
    default=86_400,
    show_default=True,
    help="Accept tokens of the old secret for so long; 0 after a leak.",
)
@json_option
def rotate_secret(*, app_id: int, grace_s: int, as_json: bool) -> None:
    """Replace an app's ServerSecret and show the new one, this one time.

    \b
    Examples:
      salon app rotate-secret 1234567890                a day to bring the new secret to your servers
      salon app rotate-secret 1234567890 --grace-s 0    the old one has leaked
    """
    order = RotateSecret(app_id=app_id, grace_s=grace_s)
    made = run(lambda bus: bus.request(command("token", "rotate-secret"), order, AppCredentials, REQUEST_TIMEOUT_S))
    _show(made, as_json=as_json)
    if not as_json:
        note(f"The old secret is accepted for {duration(grace_s)} more." if grace_s else "The old secret is void.")


@app.command()
@click.argument("app_id", type=APP_ID, metavar="APPID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(*, app_id: int, yes: bool, as_json: bool) -> None:
    """Delete an app: none of its tokens is accepted any more. Who is in a call stays in it.

    \b
    Example:
      salon app delete 1234567890
    """
    if not yes and sys.stdin.isatty():
        click.confirm(f"Delete app {app_id} for good?", abort=True, err=True)
    order = DeleteApp(app_id=app_id)
    run(lambda bus: bus.request(command("token", "delete-app"), order, AppDeletedReply, REQUEST_TIMEOUT_S))
    if as_json:
        print_json({"app_id": app_id, "deleted": True})
    else:
        click.echo(f"App {app_id} is deleted.")


def _read_secret() -> str:
    secret = sys.stdin.readline().strip()
    if not secret:
        raise click.ClickException("There is no secret on standard input.")
    return secret


def _show(made: AppCredentials, *, as_json: bool) -> None:
    if as_json:
        print_json({"app_id": made.app_id, "server_secret": made.server_secret})
        return
    print_fields({"AppID": str(made.app_id), "ServerSecret": made.server_secret})
    note("Keep the ServerSecret on your server; it is shown only now.")


def _policy_fields(policy: AppPolicy) -> dict[str, bool | int]:
    return {name: getattr(policy, name) for name in POLICIES}


def _policy(policy: AppPolicy) -> str:
    rules = []
    if policy.require_privileges:
        rules.append("privileges required")
    if policy.max_token_age_s:
        rules.append(f"tokens at most {duration(policy.max_token_age_s)} old")
    if policy.accept_cbc:
        rules.append("tokens of the CBC form too")
    if policy.allow_play_across_rooms:
        rules.append("streams of other rooms too")
    return ", ".join(rules) or "-"
