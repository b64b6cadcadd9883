"""Several instances: one queue group, one truth, and nobody misses one that is gone."""

import asyncio

import pytest
from salon.token.v1 import token_pb2
from salon_contracts.errors import AppExists, Conflict, SalonError, TokenAppUnknown, TokenForged
from salon_kit.bus import Bus, RequestContext

from .conftest import StartInstance
from .instance import Instance, create, delete, list_apps, mint, rotate, verify, verify_again

CONTEXT = RequestContext("", "request-1", {}, None, 0)


async def ask(instance: Instance, app_id: int, token: str) -> object:
    """This very instance, not whichever the queue group picks."""
    question = token_pb2.VerifyToken(app_id=app_id, token=token, user_id="alice", room_id="room1")
    return await instance.handlers.verify_token(question, CONTEXT)


async def refused(instance: Instance, app_id: int, token: str, kind: type[SalonError]) -> bool:
    try:
        await ask(instance, app_id, token)
    except kind:
        return True
    return False


async def test_every_request_is_answered_once_and_both_take_part(bus: Bus, start_instance: StartInstance) -> None:
    instances = [await start_instance(), await start_instance()]
    await create(bus, app_id=7)
    token = await mint(bus, 7)
    taken = [0, 0]
    for index, instance in enumerate(instances):
        clock = instance.handlers.now_unix_ms

        def count(index: int = index, clock: object = clock) -> int:
            assert callable(clock)
            taken[index] += 1
            return int(clock())

        instance.handlers.now_unix_ms = count
    for _ in range(64):
        await verify(bus, 7, token)
    assert sum(taken) == 64
    assert min(taken) > 0


async def test_an_app_created_by_one_verifies_on_another_at_once(bus: Bus, start_instance: StartInstance) -> None:
    """Even on one that hears nothing by its watch: what is unknown is looked up."""
    deaf = await start_instance(follow=False)
    hearing = await start_instance()
    order = token_pb2.CreateApp(app_id=7)
    await hearing.handlers.create_app(order, CONTEXT)
    token = await mint(bus, 7)
    assert await ask(deaf, 7, token)
    assert await ask(hearing, 7, token)


async def test_a_rotation_by_one_reaches_the_memory_of_another(bus: Bus, start_instance: StartInstance) -> None:
    one, two = await start_instance(), await start_instance()
    await create(bus, app_id=7)
    old = await mint(bus, 7)
    assert await ask(two, 7, old)
    await one.handlers.rotate_secret(token_pb2.RotateSecret(app_id=7), CONTEXT)
    await two.store.wait_until(lambda: refused(two, 7, old, TokenForged))


async def test_a_deletion_by_one_reaches_the_memory_of_another(bus: Bus, start_instance: StartInstance) -> None:
    one, two = await start_instance(), await start_instance()
    await create(bus, app_id=7)
    token = await mint(bus, 7)
    assert await ask(two, 7, token)
    await one.handlers.delete_app(token_pb2.DeleteApp(app_id=7), CONTEXT)
    await two.store.wait_until(lambda: refused(two, 7, token, TokenAppUnknown))


async def test_the_death_of_one_harms_nobody(bus: Bus, start_instance: StartInstance) -> None:
    one, _ = await start_instance(), await start_instance()
    await create(bus, app_id=7)
    token = await mint(bus, 7)
    await one.leave()
    assert await verify_again(bus, 7, token)
    for _ in range(20):
        assert await verify(bus, 7, token)
    await rotate(bus, 7, grace_s=60)
    assert await verify(bus, 7, token)
    await delete(bus, 7)
    assert await list_apps(bus) == []


async def test_of_two_that_want_one_id_one_gets_it(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    await start_instance()
    made = await asyncio.gather(*(create(bus, app_id=7) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, token_pb2.AppCredentials) for one in made) == 1
    assert sum(isinstance(one, AppExists) for one in made) == 7
    (winner,) = [one for one in made if isinstance(one, token_pb2.AppCredentials)]
    assert await verify(bus, 7, await mint(bus, 7))
    assert winner.app_id == 7


async def test_rotations_that_race_all_take_place(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    await start_instance()
    await create(bus, app_id=7)
    done = await asyncio.gather(*(rotate(bus, 7, grace_s=60) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(one, token_pb2.AppCredentials | Conflict) for one in done)
    assert sum(isinstance(one, token_pb2.AppCredentials) for one in done) >= 1
    assert await verify(bus, 7, await mint(bus, 7))


async def test_a_known_app_is_verified_without_the_store(bus: Bus, start_instance: StartInstance) -> None:
    instance = await start_instance()
    await create(bus, app_id=7)
    token = await mint(bus, 7)
    await instance.bus.connection.close()
    assert await ask(instance, 7, token)
    with pytest.raises(SalonError):
        await ask(instance, 8, token)
