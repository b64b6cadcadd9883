import asyncio

from salon.room.v1.events_pb2 import LogoutReason, UserLoggedOut

from .conftest import Cloud


async def test_at_another_instance_with_everything_that_was_missed(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice = await cloud.join(one, "r", "alice")
    bob = await cloud.join(two, "r", "bob")
    await alice.until_users(("ADD", "bob"))
    await alice.drop()
    await bob.say("while away")
    await bob.publish("cam")
    carol = await cloud.join(one, "r", "carol")
    await carol.log_out()
    alice.url = two.ws
    await alice.open()
    resumed = await alice.resume()
    assert resumed["resumed"]["missedCount"] == 4
    await alice.until_users(("ADD", "bob"), ("ADD", "carol"), ("DELETE", "carol"))
    await alice.until_texts("while away")
    await alice.until_streams(("ADD", "cam"))
    await bob.say("live")
    await alice.until_texts("while away", "live")
    await bob.until_users(("ADD", "carol"), ("DELETE", "carol"))  # nobody noticed that alice was away


async def test_over_and_over_under_load_nothing_is_lost_and_nothing_doubled(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice = await cloud.join(one, "r", "alice")
    bob = await cloud.join(one, "r", "bob")
    said: list[str] = []
    done = asyncio.Event()

    async def talk() -> None:
        while not done.is_set():
            text = f"m{len(said)}"
            if "messageAccepted" in await bob.say(text, "COMMAND"):
                said.append(text)
            await asyncio.sleep(0.11)

    talking = asyncio.create_task(talk())
    for round_ in range(10):
        await alice.drop()
        alice.url = (two if round_ % 2 else one).ws
        await alice.open()
        assert "resumed" in await alice.resume()
    done.set()
    await talking
    await alice.notices.until(lambda _: len(alice.texts()) >= len(said))
    assert alice.texts() == said


async def test_an_older_socket_that_is_still_open_is_closed_quietly(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room(presence_ttl_s=4, heartbeat_interval_s=1)
    for other in (one, two):
        alice = await cloud.join(other, "r", "alice")
        again = await cloud.connect(other)
        again.user_id, again.logged_in, again.sequence = "alice", alice.logged_in, alice.sequence
        assert "resumed" in await again.resume()
        assert await alice.until_closed() == 4003
        assert not any("loggedOut" in notice for notice in alice.notices.items)
        await again.log_out()
    alice = await cloud.join(two, "r", "alice")
    again = await cloud.connect(one)
    again.user_id, again.logged_in, again.sequence = "alice", alice.logged_in, alice.sequence
    assert "resumed" in await again.resume()
    while alice.close_code is None:  # the other instance notices with a heartbeat
        text, _ = alice.send_later(heartbeat={})
        await alice.send_text(text)
        await asyncio.sleep(0.1)
    assert alice.close_code == 4003
    assert "messageAccepted" in await again.say("still in")


async def test_the_key_must_fit_and_what_is_over_stays_over(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    key = alice.logged_in["resumeKey"]
    await alice.drop()
    await alice.open()
    alice.logged_in["resumeKey"] = "guess"
    assert (await alice.resume())["failed"]["reason"] == "session-gone"
    alice.logged_in["resumeKey"] = key
    assert "resumed" in await alice.resume()
    await alice.log_out()
    await alice.until_closed()
    await alice.open()
    refused = (await alice.resume())["failed"]
    assert (refused["code"], refused["reason"]) == (1102001, "session-gone")
    assert "loggedIn" in await alice.log_in("r", "alice")


async def test_a_killed_instance_loses_nobody_who_comes_back_and_the_others_go_once(cloud: Cloud) -> None:
    settings = {"presence_ttl_s": 3, "heartbeat_interval_s": 0.5}
    one, two = await cloud.start_room(**settings), await cloud.start_room(**settings)
    watcher = await cloud.join(two, "r", "watcher")
    stays = [await cloud.join(one, "r", f"stays{number}") for number in range(5)]
    goes = [await cloud.join(one, "r", f"goes{number}") for number in range(5)]
    await goes[0].publish("cam-gone")
    await stays[0].publish("cam-stays")
    one.kill()

    async def beat() -> None:
        while True:
            for client in [watcher, *stays]:
                if client.url == two.ws:
                    await client.request(heartbeat={})
            await asyncio.sleep(0.3)

    for client in stays:
        await client.until_closed()
        client.url = two.ws
        await client.open()
        assert "resumed" in await client.resume()
    beating = asyncio.create_task(beat())
    gone = {f"goes{number}" for number in range(5)}
    await watcher.notices.until(lambda _: {user for change, user in watcher.users() if change == "DELETE"} >= gone)
    await watcher.notices.until(lambda _: ("DELETE", "cam-gone") in watcher.streams())
    outs = [event.message for event in await cloud.history("r") if isinstance(event.message, UserLoggedOut)]
    assert sorted(out.user_id for out in outs) == sorted(gone)
    assert {out.reason for out in outs} == {LogoutReason.LOGOUT_REASON_LEASE_EXPIRED}
    for client in stays:
        assert client.close_code is None
        assert "done" in await client.request(heartbeat={})
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)


async def test_a_graceful_stop_sends_everybody_elsewhere(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice = await cloud.join(one, "r", "alice")
    bob = await cloud.join(two, "r", "bob")
    assert await one.stop() == 0
    assert await alice.until_closed() == 1001
    assert any("goAway" in notice for notice in alice.notices.items)
    alice.url = two.ws
    await alice.open()
    assert "resumed" in await alice.resume()
    await bob.say("hello again")
    await alice.until_texts("hello again")
    assert bob.users() == []
