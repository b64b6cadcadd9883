"""What a publisher mutes, or what its dead devices do not give, is a state of its stream."""

from salon.room.v1.events_pb2 import RelayAssigned, StreamAdded
from salon_room.core.facts import Reject
from salon_room.core.mutes import mute

from .client import Client, Json
from .conftest import Cloud
from .rooms_by_hand import Log, entity


def changes(client: Client) -> list[tuple[str, list[str]]]:
    """What it was told, in order."""
    told = [notice["streamMuteChanged"] for notice in client.notices.items if "streamMuteChanged" in notice]
    return [(each["streamId"], each.get("mutedKinds", [])) for each in told]


async def set_muted(client: Client, stream: str, *kinds: str) -> Json:
    return await client.request(muteStream={"streamId": stream, "mutedKinds": kinds})


def streams(client: Client) -> dict[str, list[str]]:
    """What was there at its log-in."""
    return {each["streamId"]: each.get("mutedKinds", []) for each in client.logged_in.get("streams", [])}


async def test_it_is_told_to_the_others_and_to_whoever_comes_later(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    await alice.publish("cam")
    for kinds in (["audio"], ["video", "audio"], ["video"], []):
        assert "done" in await set_muted(alice, "cam", *kinds)
    await bob.notices.until(lambda _: len(changes(bob)) == 4)
    assert changes(bob) == [("cam", ["audio"]), ("cam", ["audio", "video"]), ("cam", ["video"]), ("cam", [])]
    assert changes(alice) == []
    assert bob.streams() == [("ADD", "cam")]
    await set_muted(alice, "cam", "video")
    carol = await cloud.join(one, "r", "carol")
    assert streams(carol) == {"cam": ["video"]}


async def test_asking_for_what_is_so_already_changes_nothing(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    for kinds in ([], ["video"], ["video"], ["video", "video"]):
        assert "done" in await set_muted(alice, "cam", *kinds)
    await alice.say("after")
    await bob.until_texts("after")
    assert changes(bob) == [("cam", ["video"])]


async def test_it_goes_with_the_stream_and_comes_with_it(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    await set_muted(alice, "cam", "audio")
    # Published again over another peer connection: the publisher says it anew, all of it.
    assert "answer" in await alice.publish("cam", pc="send2", muted=("audio",))
    assert "answer" in await alice.publish("cam", pc="send3", muted=("video",))
    await bob.notices.until(lambda _: len(changes(bob)) == 2)
    assert changes(bob) == [("cam", ["audio"]), ("cam", ["video"])]
    await alice.request(unpublish={"streamId": "cam"})
    await alice.publish("cam", pc="send4")
    carol = await cloud.join(room, "r", "carol")
    assert streams(carol) == {"cam": []}


async def test_it_is_told_after_a_resume(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    await bob.until_streams(("ADD", "cam"))
    await bob.drop()
    await set_muted(alice, "cam", "audio", "video")
    await bob.open()
    assert "resumed" in await bob.resume()
    await bob.notices.until(lambda _: changes(bob) == [("cam", ["audio", "video"])])


async def test_nobody_mutes_what_is_not_its_own(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    for who, stream, kinds, code in (
        (bob, "cam", ("video",), 1103040),
        (alice, "other", ("video",), 1103040),
        (alice, "cam", ("screen",), 1100001),
        (alice, "cam", ("video", ""), 1100001),
        (alice, "a b", ("video",), 1000016),
    ):
        assert (await set_muted(who, stream, *kinds))["failed"]["code"] == code
    assert (await alice.publish("cam", muted=("all",)))["failed"]["code"] == 1100001
    carol = await cloud.join(room, "r", "carol")
    assert streams(carol) == {"cam": []}


async def refused_of(client: Client, count: int) -> list[Json]:
    """Of so many changes in a row, those that were refused."""
    replies = [await set_muted(client, "cam", *(["video"] if number % 2 else [])) for number in range(1, count + 1)]
    return [reply["failed"] for reply in replies if "failed" in reply]


async def test_changes_of_a_user_are_limited(cloud: Cloud) -> None:
    room = await cloud.start_room(mutes_per_user_burst=5, mutes_per_user_per_s=0.001)
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    for client in (alice, bob):
        await client.publish("cam" if client is alice else "cam-b")
    refused = await refused_of(alice, 10)
    assert {(each["code"], each["reason"], each["retryable"]) for each in refused} == {(1109001, "rate-limited", True)}
    assert len(changes(bob)) == 5
    # What is so already costs nothing, others have what they had, and the stream may go.
    assert "done" in await set_muted(alice, "cam", "video")
    assert "done" in await set_muted(bob, "cam-b", "video")
    assert "done" in await alice.request(unpublish={"streamId": "cam"})


async def test_changes_of_a_room_are_limited(cloud: Cloud) -> None:
    room = await cloud.start_room(mutes_per_room_burst=5, mutes_per_room_per_s=0.001)
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    for client in (alice, bob):
        await client.publish("cam" if client is alice else "cam-b")
    assert len(await refused_of(alice, 10)) > 0
    assert len(changes(bob)) == 5
    assert (await set_muted(bob, "cam-b", "video"))["failed"]["reason"] == "rate-limited"
    carol = await cloud.join(room, "elsewhere", "carol")
    await carol.publish("cam-c")
    assert "done" in await set_muted(carol, "cam-c", "video")


def test_a_stream_of_a_relay_that_was_lost_is_not_kept_alive_by_it() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.say(entity("placement", None), RelayAssigned(relay_id="relay", relay_epoch="1"))
    log.stream("cam", "alice")
    assert not isinstance(mute(log.fold(), "cam", "s-alice", ("video",)), Reject)
    log.say(entity("placement", None), RelayAssigned(relay_id="relay-2", relay_epoch="2", replaces_relay_id="relay"))
    assert isinstance(mute(log.fold(), "cam", "s-alice", ("video",)), Reject)


def test_the_event_is_the_whole_stream_and_no_new_one() -> None:
    log = Log()
    log.user_in("alice")
    log.stream("cam", "alice", transport="s-alice.send")
    decision = mute(log.fold(), "cam", "s-alice", ("video",))
    assert not isinstance(decision, Reject)
    (append,) = decision
    event = append.event
    assert isinstance(event, StreamAdded)
    assert (event.transport_id, event.is_update, list(event.muted_kinds)) == ("s-alice.send", True, ["video"])
