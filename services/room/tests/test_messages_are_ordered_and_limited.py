import asyncio

from .conftest import Cloud


async def test_everybody_else_hears_the_same_order(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    talkers = [await cloud.join(one if number % 2 else two, "r", f"u{number}") for number in range(4)]
    listeners = [await cloud.join(one, "r", "l1"), await cloud.join(two, "r", "l2")]

    async def talk(number: int) -> None:
        for count in range(5):
            reply = await talkers[number].say(f"{number}-{count}", "BARRAGE")
            assert "messageAccepted" in reply

    await asyncio.gather(*(talk(number) for number in range(4)))
    for listener in listeners:
        await listener.notices.until(lambda _, who=listener: len(who.texts()) == 20)  # type: ignore[misc]
    heard = listeners[0].texts()
    assert heard == listeners[1].texts()
    for number in range(4):
        assert [text for text in heard if text.startswith(f"{number}-")] == [f"{number}-{count}" for count in range(5)]
    for number, talker in enumerate(talkers):
        await talker.notices.until(lambda _, who=talker: len(who.texts()) == 15)  # type: ignore[misc]
        assert talker.texts() == [text for text in heard if not text.startswith(f"{number}-")]


async def test_a_message_says_what_the_sender_was_told(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    accepted = (await alice.say("grüße 🎉", "BARRAGE"))["messageAccepted"]
    await bob.until_texts("grüße 🎉")
    received = bob.notices.items[-1]["messageReceived"]
    assert received == {
        "kind": "SIGNAL_MESSAGE_KIND_BARRAGE",
        "messageId": accepted["messageId"],
        "fromUser": {"userId": "alice", "userName": "Alice"},
        "text": "grüße 🎉",
        "sentAtUnixMs": accepted["sentAtUnixMs"],
    }
    assert bob.notices.items[-1]["sequence"] == int(accepted["messageId"])


async def test_what_is_too_long_empty_or_nonsense_is_refused(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    assert (await alice.say(""))["failed"]["code"] == 1009001
    assert (await alice.say("x" * 1025))["failed"]["code"] == 1009002
    assert (await alice.say("x", "UNSPECIFIED"))["failed"]["code"] == 1100001
    assert (await alice.say("x", "BROADCAST", ("bob",)))["failed"]["code"] == 1100001


async def test_two_broadcasts_a_second_from_one_and_ten_in_a_room(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice = await cloud.join(one, "r", "alice")
    started = asyncio.get_running_loop().time()
    replies = await asyncio.gather(*(alice.say(f"m{number}") for number in range(10)))
    took_s = asyncio.get_running_loop().time() - started
    codes = [reply.get("failed", {}).get("code") for reply in replies]
    assert 7 - 2 * took_s <= codes.count(1009015) <= 8, took_s
    assert [reply["failed"]["retryable"] for reply in replies if "failed" in reply] == [True] * codes.count(1009015)

    many = [await cloud.join(one if number % 2 else two, "q", f"u{number}") for number in range(20)]
    started = asyncio.get_running_loop().time()
    accepted = 0
    for client in many:
        for _ in range(2):
            accepted += "messageAccepted" in await client.say("x")
    took_s = asyncio.get_running_loop().time() - started
    assert 10 <= accepted <= 14 + 10 * took_s * 2, took_s


async def test_barrages_and_commands_have_their_own_limits(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    barrages = await asyncio.gather(*(alice.say("b", "BARRAGE") for _ in range(40)))
    assert 15 <= sum("messageAccepted" in reply for reply in barrages) <= 23
    assert "messageAccepted" in await bob.say("b", "BARRAGE")  # what one user may not take is left for others
    others = [await bob.say("b", "BARRAGE") for _ in range(30)]
    assert not all("messageAccepted" in reply for reply in others)
    to_many = await asyncio.gather(*(alice.say("c", "COMMAND") for _ in range(30)))
    assert 8 <= sum("messageAccepted" in reply for reply in to_many) <= 13
    assert "messageAccepted" in await bob.say("c", "COMMAND")
    to_one = await asyncio.gather(*(alice.say("c", "COMMAND", ("bob",)) for _ in range(60)))
    assert sum("messageAccepted" in reply for reply in to_one) == 60
