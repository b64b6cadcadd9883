"""Browsers close the socket of a page that is left or reloaded with 1001, some before the page may say anything."""

import pytest
from salon.relay.v1.relay_pb2 import Direction

from .client import Client
from .conftest import Cloud

LEFT = 1001
WAIT_S = 30.0
"""Far less than a lease; a busy machine may take more than the moment it should."""


async def until_out(watcher: Client, user_id: str) -> None:
    await watcher.notices.until(lambda _: ("DELETE", user_id) in watcher.users(), WAIT_S)


async def test_its_user_is_out_soon_with_everything_it_had(cloud: Cloud) -> None:
    room = await cloud.start_room()
    watcher, leaver = await cloud.join(room, "r", "watcher"), await cloud.join(room, "r", "leaver")
    await leaver.publish("cam")
    await leaver.close(LEFT)
    await until_out(watcher, "leaver")
    assert watcher.users() == [("ADD", "leaver"), ("DELETE", "leaver")]
    assert watcher.streams() == [("ADD", "cam"), ("DELETE", "cam")]
    await cloud.relay.changes.until(lambda _: not cloud.relay.open_of("leaver", Direction.DIRECTION_SEND))
    await leaver.open()
    assert (await leaver.resume())["failed"]["reason"] == "session-gone"


@pytest.mark.parametrize("name_after", ["leaver", "leaver-2"])
async def test_a_reload_leaves_one_user_of_the_new_page(cloud: Cloud, name_after: str) -> None:
    room = await cloud.start_room()
    watcher, leaver = await cloud.join(room, "r", "watcher"), await cloud.join(room, "r", "leaver")
    await leaver.publish("cam")
    await leaver.close(LEFT)
    again = await cloud.join(room, "r", name_after)
    await again.publish("cam-2")
    later = await cloud.join(room, "r", "later")
    await later.close(LEFT)
    await until_out(watcher, "later")  # by then the old page's time is over
    await until_out(watcher, "leaver")
    present: set[str] = set()
    for change, user in watcher.users():
        (present.add if change == "ADD" else present.discard)(user)
    assert present == {name_after}
    assert watcher.streams() == [("ADD", "cam"), ("DELETE", "cam"), ("ADD", "cam-2")] or watcher.streams() == [
        ("ADD", "cam"), ("ADD", "cam-2"), ("DELETE", "cam")
    ]  # fmt: skip
    assert "done" in await again.request(heartbeat={})


async def test_who_resumes_at_once_stays_wherever_it_is(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    watcher = await cloud.join(one, "r", "watcher")
    for name, instance in (("same", one), ("other", two)):
        stays = await cloud.join(one, "r", name)
        await stays.close(LEFT)
        stays.url = instance.ws
        await stays.open()
        assert "resumed" in await stays.resume()
        later = await cloud.join(one, "r", f"later-{name}")
        await later.close(LEFT)
        await until_out(watcher, f"later-{name}")
        assert ("DELETE", name) not in watcher.users()
        assert "done" in await stays.request(heartbeat={})
    assert watcher.streams() == []


async def test_whose_network_is_gone_keeps_its_time(cloud: Cloud) -> None:
    room = await cloud.start_room()
    watcher = await cloud.join(room, "r", "watcher")
    dropped, closed, leaver = [await cloud.join(room, "r", name) for name in ("dropped", "closed", "leaver")]
    await dropped.drop()
    await closed.close(1000)
    await leaver.close(LEFT)
    await until_out(watcher, "leaver")
    assert [user for change, user in watcher.users() if change == "DELETE"] == ["leaver"]
    for client in (dropped, closed):
        await client.open()
        assert "resumed" in await client.resume()


async def test_an_instance_that_stops_sends_nobody_out(cloud: Cloud) -> None:
    """It closes with the same code, which comes back from the clients."""
    one, two = await cloud.start_room(), await cloud.start_room()
    watcher, alice = await cloud.join(two, "r", "watcher"), await cloud.join(one, "r", "alice")
    assert await one.stop() == 0
    assert await alice.until_closed() == LEFT
    leaver = await cloud.join(two, "r", "leaver")
    await leaver.close(LEFT)
    await until_out(watcher, "leaver")
    assert ("DELETE", "alice") not in watcher.users()
    alice.url = two.ws
    await alice.open()
    assert "resumed" in await alice.resume()


async def test_a_page_that_is_left_while_it_resumes_is_out_as_well(cloud: Cloud) -> None:
    room = await cloud.start_room()
    watcher, leaver = await cloud.join(room, "r", "watcher"), await cloud.join(room, "r", "leaver")
    await leaver.drop()
    await leaver.open()
    resume = {
        "appId": 7, "userId": "leaver", "sessionId": leaver.logged_in["sessionId"],
        "resumeKey": leaver.logged_in["resumeKey"], "lastSequence": "0",
    }  # fmt: skip
    await leaver.send_text(leaver.send_later(resume=resume)[0])
    await leaver.close(LEFT)
    await until_out(watcher, "leaver")
