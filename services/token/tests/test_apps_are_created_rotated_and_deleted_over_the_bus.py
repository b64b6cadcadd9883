"""The orders of an operator, and what they leave in the record."""

import pytest
from salon.token.v1 import token_pb2
from salon_contracts.errors import AppExists, AppNotFound, InvalidField, TokenAppUnknown, TokenForged
from salon_contracts.ids import AppId
from salon_contracts.subjects import Entity
from salon_kit.bus import Bus
from salon_kit.events import Events

from .conftest import StartInstance
from .instance import change_policy, create, delete, list_apps, mint, rotate, verify

SECRET = "0123456789abcdef0123456789abcdef"


async def test_an_app_gets_an_id_and_a_secret_of_its_own(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    one, two = await create(bus, name="one"), await create(bus, name="two")
    assert one.app_id != two.app_id
    assert one.app_id >= 100_000_000
    assert one.server_secret != two.server_secret
    assert len(one.server_secret) == 32


async def test_id_and_secret_may_be_brought_along(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    made = await create(bus, app_id=7, server_secret=SECRET)
    assert (made.app_id, made.server_secret) == (7, SECRET)
    with pytest.raises(AppExists):
        await create(bus, app_id=7)


@pytest.mark.parametrize("secret", ["short", "é" * 32, " " * 32, SECRET + "0"])
async def test_a_secret_is_32_visible_characters(bus: Bus, start_instance: StartInstance, secret: str) -> None:
    await start_instance()
    with pytest.raises(InvalidField) as caught:
        await create(bus, server_secret=secret)
    assert caught.value.field == "server_secret"


async def test_apps_are_listed_by_id_with_their_policies(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    await create(bus, app_id=9, name="nine", policy=token_pb2.AppPolicy(require_privileges=True, max_token_age_s=60))
    await create(bus, app_id=8, name="eight")
    eight, nine = await list_apps(bus)
    assert (eight.app_id, eight.name, nine.app_id, nine.name) == (8, "eight", 9, "nine")
    assert nine.policy.require_privileges
    assert nine.policy.max_token_age_s == 60
    assert eight.created_at_unix_ms == eight.rotated_at_unix_ms > 0


async def test_a_policy_is_changed_in_what_is_named(bus: Bus, events: Events, start_instance: StartInstance) -> None:
    await start_instance()
    made = await create(bus, policy=token_pb2.AppPolicy(require_privileges=True, max_token_age_s=60))
    changed = token_pb2.AppPolicy(require_privileges=True, accept_cbc=True, allow_play_across_rooms=True)
    said = await change_policy(bus, made.app_id, max_token_age_s=0, accept_cbc=True, allow_play_across_rooms=True)
    assert said == changed
    assert (await list_apps(bus))[0].policy == changed
    entity = Entity(AppId(made.app_id), None, None, "app", None)
    last = (await events.read_after([entity.subject], 0))[-1]
    assert last.message == token_pb2.AppPolicyChanged(app_id=made.app_id, policy=changed)
    with pytest.raises(AppNotFound):
        await change_policy(bus, 7, accept_cbc=True)


async def test_a_rotation_with_grace_accepts_both_secrets(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    made = await create(bus)
    old = await mint(bus, made.app_id)
    rotated = await rotate(bus, made.app_id, grace_s=3600)
    assert rotated.server_secret != made.server_secret
    assert (await verify(bus, made.app_id, old)).may_log_in
    assert (await verify(bus, made.app_id, await mint(bus, made.app_id))).may_log_in


async def test_a_rotation_without_grace_ends_the_old_secret(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    made = await create(bus)
    old = await mint(bus, made.app_id)
    await rotate(bus, made.app_id)
    with pytest.raises(TokenForged):
        await verify(bus, made.app_id, old)
    assert (await verify(bus, made.app_id, await mint(bus, made.app_id))).may_log_in


async def test_tokens_of_a_deleted_app_are_refused(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    made = await create(bus)
    token = await mint(bus, made.app_id)
    await delete(bus, made.app_id)
    with pytest.raises(TokenAppUnknown):
        await verify(bus, made.app_id, token)
    assert await list_apps(bus) == []


async def test_a_deleted_id_may_be_used_again_with_another_secret(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    await create(bus, app_id=7)
    old = await mint(bus, 7)
    await delete(bus, 7)
    await create(bus, app_id=7)
    with pytest.raises(TokenForged):
        await verify(bus, 7, old)
    assert (await verify(bus, 7, await mint(bus, 7))).may_log_in


async def test_what_is_not_there_is_not_found(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    with pytest.raises(AppNotFound):
        await rotate(bus, 7)
    with pytest.raises(AppNotFound):
        await delete(bus, 7)
    with pytest.raises(AppNotFound):
        await mint(bus, 7)
    with pytest.raises(TokenAppUnknown):
        await verify(bus, 7, "04" + "AAAAAAAAAAAAEGlpaWlpaWlpaWlpaWlpaWkAEGlpaWlpaWlpaWlpaWlpaWk=")
    with pytest.raises(InvalidField):
        await rotate(bus, 0)


async def test_every_change_is_in_the_record_without_secrets(
    bus: Bus, events: Events, start_instance: StartInstance
) -> None:
    await start_instance()
    made = await create(bus, name="demo", policy=token_pb2.AppPolicy(require_privileges=True))
    rotated = await rotate(bus, made.app_id, grace_s=5)
    await delete(bus, made.app_id)

    entity = Entity(AppId(made.app_id), None, None, "app", None)
    stored = await events.read_after([entity.subject], 0)
    assert [event.envelope.type for event in stored] == ["app-created", "app-secret-rotated", "app-deleted"]
    assert all(event.envelope.cause_id for event in stored)
    created, turned, _ = [event.message for event in stored]
    policy = token_pb2.AppPolicy(require_privileges=True)
    assert created == token_pb2.AppCreated(app_id=made.app_id, name="demo", policy=policy)
    assert turned == token_pb2.AppSecretRotated(app_id=made.app_id, grace_s=5)
    for event in stored:
        assert event.message is not None
        text = f"{event.message.SerializeToString()!r} {event.envelope}"
        assert made.server_secret not in text
        assert rotated.server_secret not in text
