from tests.system.conftest import Arrive
from tests.system.rooms import fresh


async def test_a_duplicate_login_kicks_the_older(arrive: Arrive) -> None:
    room, name = fresh("room"), fresh("alice")
    watcher = await arrive(fresh("watcher"))
    await watcher.login(room, userUpdate=True)
    older, newer = await arrive(name), await arrive(name)
    await older.login(room)
    stream = fresh("stream")
    await older.publish(stream)
    await watcher.wait_event("roomStreamUpdate", "args[1] === 'ADD'")

    assert await newer.login(room) == {"ok": True}
    kicked = await older.wait_event("roomStateChanged", "args[1] === 'KICKOUT'")
    assert kicked[2] == 1002050
    gone = await watcher.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
    assert gone[2][0]["streamID"] == stream
    assert '"code":3' in gone[3].replace(" ", "")
    await newer.publish(stream)
    await newer.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")


async def test_a_login_in_another_room_kicks_the_older_too(arrive: Arrive) -> None:
    name = fresh("alice")
    older, newer = await arrive(name), await arrive(name)
    await older.login(fresh("room"))
    assert await newer.login(fresh("room")) == {"ok": True}
    kicked = await older.wait_event("roomStateChanged", "args[1] === 'KICKOUT'")
    assert kicked[2] == 1002050


async def test_the_member_limit_of_the_first_user_counts(arrive: Arrive) -> None:
    room = fresh("room")
    first, second, third = [await arrive(fresh("person")) for _ in range(3)]
    assert await first.login(room, maxMemberCount=2) == {"ok": True}
    assert await second.login(room, maxMemberCount=10) == {"ok": True}
    assert (await third.login(room))["errorCode"] == 1002034
    await second.call("salon.engine.logoutRoom()")
    await third.wait_for("true")
    result = await third.login(room)
    while result.get("errorCode") == 1002034:  # the log-out may still be under way
        result = await third.login(room)
    assert result == {"ok": True}
