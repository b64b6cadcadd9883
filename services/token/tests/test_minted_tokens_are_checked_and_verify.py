"""Minting over the bus: everything in the order is checked, and what comes out is accepted."""

import pytest
from salon.token.v1 import token_pb2
from salon.token.v1.token_pb2 import TOKEN_FORM_CBC, TOKEN_FORM_GCM, Privileges
from salon_contracts.errors import (
    InvalidField,
    TokenFormRefused,
    TokenPrivilegeMissing,
    TokenRoomMismatch,
    TokenUserMismatch,
)
from salon_kit.bus import Bus
from salon_token.token04 import Form, SealedToken, ServerSecret

from .conftest import StartInstance
from .instance import change_policy, create, mint, verify
from .tokens import make_token


@pytest.mark.parametrize(("wanted", "made"), [(None, Form.GCM), (TOKEN_FORM_GCM, Form.GCM), (TOKEN_FORM_CBC, Form.CBC)])
async def test_both_forms_verify(
    bus: Bus, start_instance: StartInstance, wanted: token_pb2.TokenForm.ValueType | None, made: Form
) -> None:
    await start_instance()
    app_id = (await create(bus, policy=token_pb2.AppPolicy(accept_cbc=True))).app_id
    token = await mint(bus, app_id, **({} if wanted is None else {"form": wanted}))
    assert SealedToken.parse(token).form is made
    allowed = await verify(bus, app_id, token)
    assert (allowed.user_id, allowed.may_log_in, allowed.may_publish, list(allowed.stream_ids)) == (
        "alice",
        True,
        True,
        [],
    )
    assert allowed.expires_at_unix_s == SealedToken.parse(token).expires_at_unix_s


async def test_privileges_narrow_it(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    app_id = (await create(bus)).app_id
    wanted = Privileges(room_id="room1", may_log_in=True, may_publish=False, stream_ids=["s1"])
    token = await mint(bus, app_id, privileges=wanted)
    allowed = await verify(bus, app_id, token)
    assert (allowed.may_publish, list(allowed.stream_ids)) == (False, ["s1"])
    with pytest.raises(TokenRoomMismatch):
        await verify(bus, app_id, token, room_id="room2")
    with pytest.raises(TokenUserMismatch):
        await verify(bus, app_id, token, user_id="bob")


async def test_an_app_that_requires_privileges_has_them_required(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    strict = (await create(bus, policy=token_pb2.AppPolicy(require_privileges=True))).app_id
    with pytest.raises(InvalidField):
        await mint(bus, strict)
    assert await verify(bus, strict, await mint(bus, strict, privileges=Privileges(may_log_in=True)))

    secret = ServerSecret.new()
    await create(bus, app_id=7, server_secret=secret.characters, policy=token_pb2.AppPolicy(require_privileges=True))
    basic = make_token(app_id=7, secret=secret, expires_s=2**40)
    with pytest.raises(TokenPrivilegeMissing):
        await verify(bus, 7, basic)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"user_id": ""}, "user_id"),
        ({"user_id": "a" * 65}, "user_id"),
        ({"user_id": "a b"}, "user_id"),
        ({"lifetime_s": 0}, "lifetime_s"),
        ({"lifetime_s": 30 * 86400 + 1}, "lifetime_s"),
        ({"privileges": Privileges(room_id="a%b")}, "room_id"),
        ({"privileges": Privileges(play_room_ids=["a%b"])}, "room_id"),
        ({"privileges": Privileges(stream_ids=["a b"])}, "stream_id"),
        ({"privileges": Privileges(stream_ids=["s" * 256] * 40)}, "payload"),
        ({"form": 9}, "form"),
    ],
)
async def test_bad_orders_are_refused(
    bus: Bus, start_instance: StartInstance, fields: dict[str, object], field: str
) -> None:
    await start_instance()
    app_id = (await create(bus)).app_id
    with pytest.raises(InvalidField) as caught:
        await mint(bus, app_id, **fields)
    assert caught.value.field == field


async def test_a_stream_of_any_name_may_be_allowed_in_the_gcm_form_alone(
    bus: Bus, start_instance: StartInstance
) -> None:
    await start_instance()
    app_id = (await create(bus, policy=token_pb2.AppPolicy(accept_cbc=True))).app_id
    wanted = Privileges(may_publish=True, stream_ids=["cam", "team#1_ann.b@x_main"])
    token = await mint(bus, app_id, privileges=wanted)
    assert list((await verify(bus, app_id, token)).stream_ids) == list(wanted.stream_ids)
    with pytest.raises(InvalidField) as caught:
        await mint(bus, app_id, privileges=wanted, form=TOKEN_FORM_CBC)
    assert (caught.value.field, caught.value.problem) == ("stream_id", "illegal")
    assert "GCM" in str(caught.value)


async def test_a_question_must_be_whole(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    app_id = (await create(bus)).app_id
    token = await mint(bus, app_id)
    with pytest.raises(InvalidField):
        await verify(bus, app_id, token, room_id="")
    with pytest.raises(InvalidField):
        await verify(bus, app_id, token, user_id="a b")
    assert (await verify(bus, app_id, token, user_id="")).user_id == "alice"


async def test_the_cbc_form_is_off_until_it_is_switched_on_for_an_app(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    app_id = (await create(bus)).app_id
    with pytest.raises(InvalidField):
        await mint(bus, app_id, form=TOKEN_FORM_CBC)
    await change_policy(bus, app_id, accept_cbc=True)
    token = await mint(bus, app_id, form=TOKEN_FORM_CBC)
    assert (await verify(bus, app_id, token)).may_log_in
    await change_policy(bus, app_id, accept_cbc=False)
    with pytest.raises(TokenFormRefused):
        await verify(bus, app_id, token)


async def test_a_minted_token_names_the_rooms_that_may_be_played(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    app_id = (await create(bus)).app_id
    wanted = Privileges(room_id="room1", may_log_in=True, play_room_ids=["stage", ""])
    allowed = await verify(bus, app_id, await mint(bus, app_id, privileges=wanted))
    assert list(allowed.play_room_ids) == ["stage", ""]
    assert list((await verify(bus, app_id, await mint(bus, app_id))).play_room_ids) == []
