import asyncio

from salon.room.v1.events_pb2 import UserLoggedIn, UserLoggedOut

from .conftest import Cloud


async def test_in_the_same_room_across_instances(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    watcher = await cloud.join(one, "r", "watcher")
    older = await cloud.join(one, "r", "alice")
    await older.publish("cam")
    newer = await cloud.join(two, "r", "alice")
    notices = await older.notices.until(lambda notices: any("loggedOut" in notice for notice in notices))
    assert notices[-1]["loggedOut"] == {"code": 1002050, "reason": "logged-in-elsewhere"}
    assert await older.until_closed() == 4002
    await watcher.until_users(("ADD", "alice"), ("DELETE", "alice"), ("ADD", "alice"))
    await watcher.until_streams(("ADD", "cam"), ("DELETE", "cam"))
    removed = [notice["streamsChanged"] for notice in watcher.notices.items if "streamsChanged" in notice][-1]
    assert removed["deleteReasons"] == [3]
    assert newer.users() == []
    assert "answer" in await newer.publish("cam")


async def test_in_another_room(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    watcher = await cloud.join(two, "first", "watcher")
    older = await cloud.join(one, "first", "alice")
    await cloud.join(two, "second", "alice")
    assert await older.until_closed() == 4002
    await watcher.until_users(("ADD", "alice"), ("DELETE", "alice"))


async def test_an_older_one_that_was_away_is_refused(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    older = await cloud.join(one, "r", "alice")
    await older.drop()
    await cloud.join(two, "r", "alice")
    await older.open()
    assert (await older.resume())["failed"]["code"] == 1002086


async def test_of_many_at_once_exactly_one_is_in(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    watcher = await cloud.join(one, "r0", "watcher")
    clients = [await cloud.connect(one if number % 2 else two) for number in range(12)]
    for _ in range(3):
        await asyncio.gather(*(client.log_in(f"r{number % 3}", "alice") for number, client in enumerate(clients)))
        last = await cloud.join(two, "r0", "alice")  # whoever comes last is in
        assert (await last.request(heartbeat={})) == {"done": {}}
        for client in clients:
            await client.close()
            await client.open()
        inside: list[str] = []
        for number in range(3):
            present: dict[str, str] = {}
            for event in await cloud.history(f"r{number}"):
                if isinstance(event.message, UserLoggedIn) and event.message.user_id == "alice":
                    present[f"{event.entity.room_session_id}"] = event.message.session_id
                elif isinstance(event.message, UserLoggedOut) and event.message.user_id == "alice":
                    present.pop(f"{event.entity.room_session_id}", None)
            inside += present.values()
        assert inside == [last.logged_in["sessionId"]]
        await last.log_out()
    await watcher.log_out()
