import asyncio

from tests.system.conftest import Arrive
from tests.system.rooms import fresh


async def test_broadcast_messages_arrive_in_one_order_at_everybody_else(arrive: Arrive) -> None:
    room = fresh("room")
    people = [await arrive(fresh("person")) for _ in range(3)]
    for person in people:
        await person.login(room)
    first, second, listener = people

    async def say(index: int) -> None:
        for speaker in (first, second):
            answer = await speaker.call(
                "([room, text]) => salon.engine.sendBroadcastMessage(room, text)", [room, f"{speaker.user_id} {index}"]
            )
            assert answer["errorCode"] == 0

    for index in range(2):  # two a second and user is the documented limit
        await say(index)
    await asyncio.sleep(1.1)  # the limit's window, not a synchronisation
    for index in range(2, 4):
        await say(index)

    heard = "salon.events.filter(({name}) => name === 'IMRecvBroadcastMessage').flatMap(({args}) => args[1])"
    await listener.wait_for(f"{heard}.length === 8")
    messages = await listener.call(heard)
    expected = [f"{speaker.user_id} {index}" for index in range(4) for speaker in (first, second)]
    assert [message["message"] for message in messages] == expected
    ids = [message["messageID"] for message in messages]
    assert ids == sorted(ids)
    assert messages[0]["fromUser"]["userID"] == first.user_id
    assert messages[0]["sendTime"] > 1_600_000_000_000

    await first.wait_for(f"{heard}.length === 4")
    assert {message["fromUser"]["userID"] for message in await first.call(heard)} == {second.user_id}


async def test_barrage_messages_and_commands_reach_whom_they_are_for(arrive: Arrive) -> None:
    room = fresh("room")
    alice, bob, carol = [await arrive(fresh("person")) for _ in range(3)]
    for person in (alice, bob, carol):
        await person.login(room)
    await alice.call("(room) => salon.engine.sendBarrageMessage(room, 'wow')", room)
    for person in (bob, carol):
        args = await person.wait_event("IMRecvBarrageMessage")
        assert args[1][0]["message"] == "wow"
        assert isinstance(args[1][0]["messageID"], str)
    await alice.call("([room, to]) => salon.engine.sendCustomCommand(room, 'mute', [to])", [room, bob.user_id])
    await alice.call("(room) => salon.engine.sendCustomCommand(room, 'all', [])", room)
    for person, commands in ((bob, ["mute", "all"]), (carol, ["all"])):
        await person.wait_event("IMRecvCustomCommand", "args[2] === 'all'")
        assert [event["args"] for event in await person.events("IMRecvCustomCommand")] == [
            [room, {"userID": alice.user_id, "userName": alice.user_id.title()}, command] for command in commands
        ]
    assert await alice.events("IMRecvCustomCommand") == []


async def test_a_message_that_breaks_a_rule_is_refused_with_its_code(arrive: Arrive) -> None:
    room = fresh("room")
    alice = await arrive(fresh("alice"))
    await alice.login(room)
    send = """async ([room, text]) => {
        try { return (await salon.engine.sendBroadcastMessage(room, text)).errorCode; }
        catch (error) { return error.errorCode; }
    }"""
    assert await alice.call(send, [room, ""]) == 1009001
    assert await alice.call(send, [room, "x" * 1025]) in {1009002, 1009013}
    codes = [await alice.call(send, [room, f"{index}"]) for index in range(6)]
    assert codes[0] == 0
    assert 1009015 in codes
