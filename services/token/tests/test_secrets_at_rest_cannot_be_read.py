"""What lies in the bucket shows no secret, needs the right master key, and moves to a new one."""

import pytest
from salon_contracts.errors import SalonError
from salon_contracts.subjects import APPS_BUCKET
from salon_kit.buckets import Bucket
from salon_kit.bus import Bus
from salon_kit.testing import MakeBus
from salon_token.sealing import MasterKey, SealedWithOtherKey, SealError

from .conftest import StartInstance
from .instance import MASTER_KEY, OTHER_MASTER_KEY, create, delete, list_apps, mint, rotate, running, verify


async def raw_bytes(bus: Bus) -> bytes:
    return b"".join(entry.value for entry in await Bucket(bus, APPS_BUCKET).entries())


async def test_the_raw_bytes_show_no_secret(bus: Bus, start_instance: StartInstance) -> None:
    await start_instance()
    made = await create(bus, name="demo")
    rotated = await rotate(bus, made.app_id, grace_s=3600)
    stored = await raw_bytes(bus)
    assert b"demo" in stored
    for secret in (made.server_secret, rotated.server_secret):
        assert secret.encode() not in stored
        assert bytes.fromhex(secret) not in stored
    assert bytes.fromhex(MASTER_KEY) not in stored


async def test_another_master_key_is_refused_at_start(
    bus: Bus, make_bus: MakeBus, start_instance: StartInstance
) -> None:
    await start_instance()
    await create(bus)
    with pytest.raises(SealedWithOtherKey, match=MasterKey.from_hex(MASTER_KEY).key_id.hex()):
        async with running(await make_bus(), OTHER_MASTER_KEY):
            pass


async def test_a_new_master_key_seals_anew_what_the_old_one_sealed(bus: Bus, start_instance: StartInstance) -> None:
    first = await start_instance()
    app_id = (await create(bus)).app_id
    old_token = await mint(bus, app_id)
    await rotate(bus, app_id, grace_s=3600)
    await first.leave()

    second = await start_instance(OTHER_MASTER_KEY, previous=f" {MASTER_KEY} ,")
    assert MasterKey.from_hex(MASTER_KEY).key_id not in await raw_bytes(bus)
    assert await verify(bus, app_id, old_token)
    await second.leave()

    await start_instance(OTHER_MASTER_KEY)
    assert await verify(bus, app_id, old_token)
    assert await verify(bus, app_id, await mint(bus, app_id))


async def test_what_becomes_unreadable_while_running_is_an_internal_error(
    bus: Bus, start_instance: StartInstance
) -> None:
    await start_instance()
    app_id = (await create(bus)).app_id
    bucket = Bucket(bus, APPS_BUCKET)
    entry = await bucket.get(str(app_id))
    assert entry is not None
    await bucket.put("7", entry.value)
    await bucket.put("8", b"\xff\xff")
    await bucket.put("not-an-app", b"")
    for damaged in (7, 8):
        with pytest.raises(SalonError) as caught:
            await mint(bus, damaged)
        assert type(caught.value) is SalonError
        with pytest.raises(SalonError):
            await rotate(bus, damaged)
    assert (await list_apps(bus))[0].name == "(damaged)"
    for damaged in (7, 8):
        await delete(bus, damaged)
    assert [one.app_id for one in await list_apps(bus)] == [app_id]


async def test_a_damaged_record_does_not_keep_the_service_from_starting(
    bus: Bus, start_instance: StartInstance
) -> None:
    first = await start_instance()
    app_id = (await create(bus)).app_id
    await Bucket(bus, APPS_BUCKET).put("8", b"\xff\xff")
    await first.leave()
    second = await start_instance()
    with pytest.raises(SealError):
        await second.store.get(8)  # type: ignore[arg-type]
    assert await verify(bus, app_id, await mint(bus, app_id))
