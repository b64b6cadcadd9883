"""What an app is, how it changes, and what a token for it allows. Pure: the time comes in as an argument.

There is no state machine here, only decisions with one result each; so a refusal is the contract's own error, raised,
rather than an effect that the shell would have to turn into the same error.
"""

from dataclasses import asdict, dataclass, replace
from typing import Final

from salon_contracts.errors import (
    InvalidField,
    TokenAppMismatch,
    TokenExpired,
    TokenFormRefused,
    TokenMalformed,
    TokenPrivilegeMissing,
    TokenRoomMismatch,
    TokenUserMismatch,
)
from salon_contracts.ids import AppId, RoomId, UserId

from salon_token import cbc_layout
from salon_token.privileges import ANY_ROOM, Privileges
from salon_token.token04 import Claims, Form, SealedToken, ServerSecret, generate, open_token

LIFETIME_MAX_S: Final = 30 * 86400
GRACE_MAX_S: Final = 30 * 86400
APP_NAME_MAX_BYTES: Final = 128
APP_ID_CHOICE_MIN: Final = 100_000_000
"""Chosen AppIDs have nine or ten digits, as app authors expect of them."""
CLOCK_SKEW_MAX_S: Final = 300
"""By how much an app server's clock may be ahead where the age of a token matters."""
_ANYTHING: Final = Privileges(room_id="", may_log_in=True, may_publish=True)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the app's owner decided."""

    require_privileges: bool = False
    max_token_age_s: int = 0
    """0: no limit."""
    accept_cbc: bool = False
    """Tokens of the form that is not authenticated are accepted too."""
    allow_play_across_rooms: bool = False
    """Who is in one room may play the streams of every other."""

    def accepts(self, form: Form) -> bool:
        return form is Form.GCM or self.accept_cbc


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """None: it stays as it is."""

    require_privileges: bool | None = None
    max_token_age_s: int | None = None
    accept_cbc: bool | None = None
    allow_play_across_rooms: bool | None = None

    def of(self, policy: Policy) -> Policy:
        return replace(policy, **{name: value for name, value in asdict(self).items() if value is not None})


@dataclass(frozen=True, slots=True)
class PreviousSecret:
    """The secret before the last rotation, accepted up to a moment."""

    secret: ServerSecret
    until_unix_ms: int


@dataclass(frozen=True, slots=True)
class App:
    app_id: AppId
    name: str
    policy: Policy
    created_at_unix_ms: int
    rotated_at_unix_ms: int
    """When the present secret was made: `created_at_unix_ms` before the first rotation."""
    secret: ServerSecret
    previous: PreviousSecret | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """What a good token allows."""

    user_id: UserId
    expires_at_unix_s: int
    """When Salon stops accepting it: its own expiry, the age limit or the end of a rotation, whichever is first."""
    may_log_in: bool
    may_publish: bool
    stream_ids: tuple[str, ...]
    """Empty: any."""
    play_room_ids: tuple[str, ...] = ()
    """Rooms besides its own whose streams may be played; `ANY_ROOM` among them: all."""


def parse_app_name(value: str) -> str:
    """Raises InvalidField."""
    limit = f"{APP_NAME_MAX_BYTES} bytes of printable text"
    if not value.isprintable():
        raise InvalidField(field="name", problem="illegal", limit=limit)
    if len(value.encode()) > APP_NAME_MAX_BYTES:
        raise InvalidField(field="name", problem="too long", limit=limit)
    return value


def create(app_id: AppId, name: str, policy: Policy, secret: ServerSecret, now_unix_ms: int) -> App:
    return App(app_id, parse_app_name(name), policy, now_unix_ms, now_unix_ms, secret)


def rotate(app: App, secret: ServerSecret, grace_s: int, now_unix_ms: int) -> App:
    """The app with a new secret; the old one is accepted for `grace_s` more seconds, the one before it no longer."""
    if not 0 <= grace_s <= GRACE_MAX_S:
        raise InvalidField(field="grace_s", problem="out of range", limit=f"0 to {GRACE_MAX_S}")
    previous = PreviousSecret(app.secret, now_unix_ms + grace_s * 1000) if grace_s else None
    return replace(app, secret=secret, previous=previous, rotated_at_unix_ms=now_unix_ms)


def change_policy(app: App, change: PolicyChange) -> App:
    return replace(app, policy=change.of(app.policy))


def accepted_secrets(app: App, now_unix_ms: int) -> list[ServerSecret]:
    if app.previous is None or now_unix_ms >= app.previous.until_unix_ms:
        return [app.secret]
    return [app.secret, app.previous.secret]


def verify(app: App, token: SealedToken, user_id: UserId | None, room_id: RoomId, now_unix_ms: int) -> Permission:
    """What the token allows its holder in the room. `user_id` None: whoever the token names.

    Raises a TokenError. Whether what the holder wants is among what is allowed is for the caller to see.
    """
    if not app.policy.accepts(token.form):
        # Before it is decrypted: nobody learns anything about what is in it.
        raise TokenFormRefused(problem=f"the app does not accept the form {token.form.name}; use the GCM form")
    claims, secret = open_token(token, app.app_id, accepted_secrets(app, now_unix_ms))
    if claims.app_id != app.app_id:
        raise TokenAppMismatch(app_id=app.app_id)
    if user_id is not None and claims.user_id != user_id:
        raise TokenUserMismatch(user_id=user_id)
    now_unix_s = now_unix_ms // 1000
    expires_at_unix_s = _expiry(app, claims, secret, now_unix_s)
    if now_unix_s >= expires_at_unix_s:
        raise TokenExpired(ago_s=now_unix_s - expires_at_unix_s)
    if not claims.payload and app.policy.require_privileges:
        raise TokenPrivilegeMissing(privilege="app requires a privilege payload")
    allowed = Privileges.from_payload(claims.payload) if claims.payload else _ANYTHING
    if claims.payload and token.form is Form.CBC:
        cbc_layout.check_payload(claims.payload, allowed)
    if allowed.room_id and allowed.room_id != room_id:
        raise TokenRoomMismatch(room_id=room_id)
    return Permission(
        claims.user_id,
        expires_at_unix_s,
        allowed.may_log_in,
        allowed.may_publish,
        allowed.stream_ids,
        (ANY_ROOM,) if app.policy.allow_play_across_rooms else allowed.play_room_ids,
    )


@dataclass(frozen=True, slots=True)
class Minting:
    """An order for a token, its fields not yet checked against the app."""

    user_id: UserId
    lifetime_s: int
    privileges: Privileges | None
    form: Form


def mint(app: App, order: Minting, nonce: int, iv: bytes, now_unix_ms: int) -> tuple[str, int]:
    """The token and when it expires (Unix seconds). Raises InvalidField."""
    if not 1 <= order.lifetime_s <= LIFETIME_MAX_S:
        raise InvalidField(field="lifetime_s", problem="out of range", limit=f"1 to {LIFETIME_MAX_S}")
    if not app.policy.accepts(order.form):
        raise InvalidField(field="form", problem="illegal", limit="a form the app accepts")
    if order.privileges is None and app.policy.require_privileges:
        raise InvalidField(field="privileges", problem="empty", limit="this app requires them")
    if order.privileges is not None and order.form is Form.CBC:
        cbc_layout.check_privileges(order.privileges)
    now_unix_s = now_unix_ms // 1000
    payload = "" if order.privileges is None else order.privileges.to_payload()
    claims = Claims(app.app_id, order.user_id, nonce, now_unix_s, now_unix_s + order.lifetime_s, payload)
    return generate(claims, app.secret, order.form, iv), claims.expires_at_unix_s


def _expiry(app: App, claims: Claims, secret: ServerSecret, now_unix_s: int) -> int:
    limits = [claims.expires_at_unix_s]
    if app.policy.max_token_age_s:
        if claims.created_at_unix_s > now_unix_s + CLOCK_SKEW_MAX_S:
            raise TokenMalformed(problem="ctime lies in the future")
        limits.append(claims.created_at_unix_s + app.policy.max_token_age_s)
    if app.previous is not None and secret == app.previous.secret:
        # Rounded up: a token of the old secret is good for the whole last second of the grace.
        limits.append(-(-app.previous.until_unix_ms // 1000))
    return min(limits)
