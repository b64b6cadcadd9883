"""Deciding on a token: app, user, room, time, privileges and the app's policy."""

import pytest
from salon_contracts.errors import (
    InvalidField,
    TokenAppMismatch,
    TokenError,
    TokenExpired,
    TokenForged,
    TokenFormRefused,
    TokenMalformed,
    TokenPrivilegeMissing,
    TokenRoomMismatch,
    TokenUserMismatch,
)
from salon_contracts.ids import RoomId, UserId
from salon_token.core import (
    App,
    Minting,
    Permission,
    Policy,
    PolicyChange,
    change_policy,
    create,
    mint,
    rotate,
    verify,
)
from salon_token.privileges import ANY_ROOM, Privileges
from salon_token.token04 import Form, SealedToken

from .tokens import ALICE, APP_ID, IV, NOW_MS, NOW_S, OTHER_SECRET, SECRET, make_token

ROOM = RoomId("room1")
THIRD_SECRET = type(SECRET)("3" * 32)


def an_app(policy: Policy | None = None) -> App:
    return create(APP_ID, "demo", policy or Policy(), SECRET, NOW_MS)


def check(app: App, token: str, user_id: UserId | None = ALICE, now_ms: int = NOW_MS) -> Permission:
    return verify(app, SealedToken.parse(token), user_id, ROOM, now_ms)


def privileges(room_id: str = "room1", *, publish: bool = True, streams: tuple[str, ...] = ()) -> str:
    return Privileges(room_id, may_log_in=True, may_publish=publish, stream_ids=streams).to_payload()


@pytest.mark.parametrize("form", Form)
def test_a_basic_token_allows_everything(form: Form) -> None:
    assert check(an_app(Policy(accept_cbc=True)), make_token(form=form)) == Permission(
        ALICE, NOW_S + 3600, True, True, ()
    )


def test_the_form_that_is_not_authenticated_is_refused_unless_the_app_accepts_it() -> None:
    with pytest.raises(TokenFormRefused):
        check(an_app(), make_token(form=Form.CBC))
    with pytest.raises(TokenFormRefused):  # not even looked at: what is wrong inside is nobody's to know
        check(an_app(), make_token(form=Form.CBC, secret=OTHER_SECRET, user_id="bob"))
    accepting = change_policy(an_app(), PolicyChange(accept_cbc=True))
    assert check(accepting, make_token(form=Form.CBC))
    with pytest.raises(TokenFormRefused):
        check(change_policy(accepting, PolicyChange(accept_cbc=False)), make_token(form=Form.CBC))


def test_a_change_of_the_policy_leaves_the_rest_of_it() -> None:
    app = an_app(Policy(require_privileges=True, max_token_age_s=60))
    changed = change_policy(app, PolicyChange(accept_cbc=True, max_token_age_s=0))
    assert changed.policy == Policy(require_privileges=True, max_token_age_s=0, accept_cbc=True)
    assert change_policy(changed, PolicyChange()).policy == changed.policy


@pytest.mark.parametrize(
    ("listed", "rooms"),
    [
        ("", ()),
        (',"play_room_id_list":null', ()),
        (',"play_room_id_list":[]', ()),
        (',"play_room_id_list":["room2","stage/3"]', ("room2", "stage/3")),
        (',"play_room_id_list":[""]', (ANY_ROOM,)),
    ],
)
def test_streams_of_other_rooms_may_be_played_where_the_payload_names_the_room(
    listed: str, rooms: tuple[str, ...]
) -> None:
    payload = '{"room_id":"room1","privilege":{"1":1,"2":1}' + listed + "}"
    assert check(an_app(), make_token(payload=payload)).play_room_ids == rooms
    everywhere = an_app(Policy(allow_play_across_rooms=True))
    assert check(everywhere, make_token(payload=payload)).play_room_ids == (ANY_ROOM,)


def test_who_names_no_user_is_told_who_the_token_names() -> None:
    assert check(an_app(), make_token(user_id="bob"), None).user_id == "bob"


def test_a_privilege_payload_narrows_it() -> None:
    allowed = check(an_app(), make_token(payload=privileges(publish=False, streams=("s1", "s2"))))
    assert allowed == Permission(ALICE, NOW_S + 3600, True, False, ("s1", "s2"))


@pytest.mark.parametrize("room_id", ["", "room1"])
def test_an_empty_room_is_any_room(room_id: str) -> None:
    assert check(an_app(), make_token(payload=privileges(room_id))).may_log_in


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (make_token(app_id=APP_ID + 1), TokenAppMismatch(app_id=APP_ID)),
        (make_token(user_id="Alice"), TokenUserMismatch(user_id="alice")),
        (make_token(expires_s=NOW_S), TokenExpired(ago_s=0)),
        (make_token(expires_s=NOW_S - 7), TokenExpired(ago_s=7)),
        (make_token(expires_s=-(2**63)), TokenExpired(ago_s=NOW_S + 2**63)),
        (make_token(payload=privileges("room2")), TokenRoomMismatch(room_id="room1")),
        (make_token(payload="x"), TokenMalformed(problem="payload is not a JSON object")),
        (make_token(secret=OTHER_SECRET), TokenForged(app_id=APP_ID)),
    ],
)
def test_mismatches(token: str, expected: TokenError) -> None:
    with pytest.raises(TokenError) as caught:
        check(an_app(), token)
    assert caught.value == expected


def test_it_is_good_until_its_last_second() -> None:
    token = make_token(expires_s=NOW_S + 1)
    assert check(an_app(), token, now_ms=NOW_MS + 999)
    with pytest.raises(TokenExpired):
        check(an_app(), token, now_ms=NOW_MS + 1000)


def test_an_app_that_requires_privileges_refuses_basic_tokens() -> None:
    app = an_app(Policy(require_privileges=True))
    with pytest.raises(TokenPrivilegeMissing):
        check(app, make_token())
    assert check(app, make_token(payload=privileges()))


def test_a_maximal_age_ends_tokens_early() -> None:
    app = an_app(Policy(max_token_age_s=60))
    token = make_token()
    assert check(app, token, now_ms=NOW_MS + 59_999).expires_at_unix_s == NOW_S + 60
    with pytest.raises(TokenExpired) as caught:
        check(app, token, now_ms=NOW_MS + 61_000)
    assert caught.value.ago_s == 1


def test_a_maximal_age_is_not_evaded_by_a_date_in_the_future() -> None:
    app = an_app(Policy(max_token_age_s=60))
    assert check(app, make_token(created_s=NOW_S + 300))
    with pytest.raises(TokenMalformed):
        check(app, make_token(created_s=NOW_S + 301))
    assert check(an_app(), make_token(created_s=NOW_S + 301))


def test_after_a_rotation_both_secrets_are_good_until_the_grace_ends() -> None:
    app = rotate(an_app(), OTHER_SECRET, 10, NOW_MS)
    old, new = make_token(), make_token(secret=OTHER_SECRET)
    assert check(app, old, now_ms=NOW_MS + 9_999).expires_at_unix_s == NOW_S + 10
    assert check(app, new, now_ms=NOW_MS + 9_999).expires_at_unix_s == NOW_S + 3600
    with pytest.raises(TokenForged):
        check(app, old, now_ms=NOW_MS + 10_000)
    assert check(app, new, now_ms=NOW_MS + 10_000)


def test_a_rotation_without_grace_ends_the_old_secret_at_once() -> None:
    app = rotate(an_app(), OTHER_SECRET, 0, NOW_MS)
    assert app.previous is None
    with pytest.raises(TokenForged):
        check(app, make_token())


def test_a_second_rotation_ends_the_first_secret() -> None:
    app = rotate(rotate(an_app(), OTHER_SECRET, 100, NOW_MS), THIRD_SECRET, 100, NOW_MS)
    assert check(app, make_token(secret=OTHER_SECRET))
    with pytest.raises(TokenForged):
        check(app, make_token())


@pytest.mark.parametrize("grace_s", [-1, 30 * 86400 + 1])
def test_the_grace_has_bounds(grace_s: int) -> None:
    with pytest.raises(InvalidField):
        rotate(an_app(), OTHER_SECRET, grace_s, NOW_MS)


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "é" * 65])
def test_app_names_are_short_and_printable(name: str) -> None:
    with pytest.raises(InvalidField):
        create(APP_ID, name, Policy(), SECRET, NOW_MS)


@pytest.mark.parametrize("form", Form)
def test_what_is_minted_verifies(form: Form) -> None:
    wanted = Privileges("room1", may_log_in=True, may_publish=False, stream_ids=("s",))
    app = an_app(Policy(accept_cbc=True))
    token, expires_at = mint(app, Minting(ALICE, 60, wanted, form), -1, IV[form], NOW_MS + 500)
    assert expires_at == NOW_S + 60
    assert check(app, token) == Permission(ALICE, NOW_S + 60, True, False, ("s",))


@pytest.mark.parametrize("lifetime_s", [0, 30 * 86400 + 1])
def test_the_lifetime_has_bounds(lifetime_s: int) -> None:
    with pytest.raises(InvalidField) as caught:
        mint(an_app(), Minting(ALICE, lifetime_s, None, Form.GCM), 0, IV[Form.GCM], NOW_MS)
    assert caught.value.field == "lifetime_s"


def test_a_basic_token_is_not_minted_for_an_app_that_would_refuse_it() -> None:
    with pytest.raises(InvalidField) as caught:
        mint(an_app(Policy(require_privileges=True)), Minting(ALICE, 60, None, Form.GCM), 0, IV[Form.GCM], NOW_MS)
    assert caught.value.field == "privileges"


def test_a_form_that_the_app_does_not_accept_is_not_minted() -> None:
    with pytest.raises(InvalidField) as caught:
        mint(an_app(), Minting(ALICE, 60, None, Form.CBC), 0, IV[Form.CBC], NOW_MS)
    assert caught.value.field == "form"


@pytest.mark.parametrize("streams", [(50,), (400,)])
def test_a_token_that_nobody_would_accept_is_not_minted(streams: tuple[int]) -> None:
    wanted = Privileges("", True, True, tuple(f"{index:0256}" for index in range(streams[0])))
    with pytest.raises(InvalidField) as caught:
        mint(an_app(Policy(accept_cbc=True)), Minting(ALICE, 60, wanted, Form.CBC), 0, IV[Form.CBC], NOW_MS)
    assert caught.value.problem == "too long"
