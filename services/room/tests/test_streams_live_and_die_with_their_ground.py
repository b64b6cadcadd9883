import asyncio

from salon.relay.v1.relay_pb2 import Direction
from salon.room.v1.events_pb2 import RelayAssigned, StreamAdded, StreamRemoved
from salon_contracts.subjects import RELAYS_BUCKET
from salon_kit.buckets import LeaseBucket

from .client import eventually
from .conftest import Cloud
from .responders import OFFER, RelayResponder, token


async def test_refusals_of_publishing_and_playing(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice = await cloud.join(one, "r", "alice")
    assert (await alice.publish("cam", extra_info="x" * 1025))["failed"]["code"] == 1003051
    assert (await alice.publish("no spaces"))["failed"]["code"] == 1000016
    assert (await alice.publish("cam", sdp=""))["failed"]["code"] == 1100001
    assert (await alice.publish("cam", sdp="x" * 140_000))["failed"]["code"] == 1100001
    assert (await alice.publish("cam", sdp="nonsense"))["failed"]["code"] == 1103022
    assert (await alice.publish("cam", pc="no/slash"))["failed"]["code"] == 1100001
    assert (await alice.play("nothing"))["failed"]["code"] == 1004002
    assert (await alice.request(unpublish={"streamId": "cam"}))["failed"]["code"] == 1103040
    foreign = {"peerConnectionId": "p", "sdp": OFFER, "tracks": [{"mid": "0", "streamId": "theirs"}]}
    assert (await alice.request(publish={"streamId": "cam", "offer": foreign}))["failed"]["code"] == 1103040
    assert "answer" in await alice.publish("cam")

    bob = await cloud.join(two, "elsewhere", "bob", secret=token("bob", publish=False))
    assert (await bob.publish("cam-b"))["failed"]["code"] == 1103019
    carol = await cloud.join(two, "elsewhere", "carol", secret=token("carol", streams=("mine",)))
    assert (await carol.publish("other"))["failed"]["code"] == 1103019
    assert "answer" in await carol.publish("mine")
    dave = await cloud.join(two, "elsewhere", "dave", secret=token("dave", expires_in_s=2))
    assert (await dave.publish("cam"))["failed"]["code"] == 1003028  # unique in the app, not in the room
    reply = await eventually(lambda: dave.publish("cam-d"), "failed")
    assert reply["failed"]["code"] == 1102018


async def test_own_streams_can_be_played(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "a", "alice")
    await alice.publish("cam")
    assert "answer" in await alice.play("cam")


async def test_a_stream_on_another_relay_is_not_found(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "a", "alice")
    await alice.publish("cam")
    cloud.relay.draining = True
    await cloud.relay.announce()
    other = RelayResponder(cloud.bus, cloud.events, relay_id="relay-2")
    await other.serve()
    bob = await cloud.join(room, "b", "bob", secret=token("bob", "b", play_rooms=("a",)))
    await eventually(lambda: bob.publish("cam-b"), "answer")
    assert other.open
    assert (await bob.play("cam"))["failed"]["code"] == 1004002


async def test_a_stream_goes_when_its_transport_does_and_comes_back_as_it_was(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    await alice.publish("cam")
    # A new peer connection before the relay has noticed the end of the old one: an update nobody is told of.
    assert "answer" in await alice.publish("cam", pc="send2")
    sending = cloud.relay.open_of("alice", Direction.DIRECTION_SEND)
    assert [name.rpartition(".")[2] for name in sending] == ["send", "send2"]
    await cloud.relay.lose(sending[0])
    lost = await alice.notices.until(lambda notices: any("peerConnectionLost" in notice for notice in notices))
    assert lost[-1]["peerConnectionLost"] == {"peerConnectionId": "send", "reason": "consent-expired"}
    await alice.say("still there")
    await bob.until_texts("still there")
    assert bob.streams() == [("ADD", "cam")]
    await cloud.relay.lose(sending[1])
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))
    assert bob.notices.items[-1]["streamsChanged"]["deleteReasons"] == [5]
    assert "answer" in await alice.publish("cam", pc="send3")
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"), ("ADD", "cam"))
    added = [event.message for event in await cloud.history("r") if isinstance(event.message, StreamAdded)]
    assert [event.is_update for event in added] == [False, True, False]


async def test_closing_a_peer_connection_takes_its_streams_along(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    await alice.publish("screen", pc="send2")
    assert "done" in await alice.request(closePeerConnection={"peerConnectionId": "send"})
    await bob.until_streams(("ADD", "cam"), ("ADD", "screen"), ("DELETE", "cam"))
    assert [order.transport_id.rpartition(".")[2] for order in cloud.relay.closed] == ["send"]
    assert not any("peerConnectionLost" in notice for notice in alice.notices.items)
    assert "answer" in await bob.publish("cam", pc="x")  # the id is free


async def test_log_out_closes_the_peer_connections(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    await alice.play("cam")
    assert len(cloud.relay.open) == 2
    await alice.log_out()
    await cloud.relay.changes.until(lambda _: not cloud.relay.open)
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("cam")


async def test_a_relay_that_dies_takes_its_streams_and_the_next_offer_finds_another(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    await alice.publish("cam")
    await bob.play("cam")
    other = RelayResponder(cloud.bus, cloud.events, relay_id="relay-2")
    await other.serve()
    for serving in cloud.relay.serving:
        await serving.stop()
    gone = await alice.publish("screen")
    assert gone["failed"] == {
        "code": 1103021,
        "reason": "relay-lost",
        "message": "Media relay relay-1 does not answer.",
        "retryable": True,
    }
    await cloud.relay.announce(ttl_s=1)
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))
    for client in (alice, bob):
        notices = await client.notices.until(lambda all_: any("peerConnectionLost" in each for each in all_))
        assert [each["peerConnectionLost"]["reason"] for each in notices if "peerConnectionLost" in each] == [
            "relay-lost"
        ]
    assert "answer" in await alice.publish("cam", pc="new")
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"), ("ADD", "cam"))
    assert "answer" in await bob.play("cam", pc="new")
    history = await cloud.history("r")
    assigned = [event.message for event in history if isinstance(event.message, RelayAssigned)]
    assert [(event.user_id, event.relay_id, event.replaces_relay_id) for event in assigned] == [
        ("alice", "relay-1", ""),
        ("bob", "relay-1", ""),
        ("alice", "relay-2", "relay-1"),
        ("bob", "relay-2", "relay-1"),
    ]
    (removed,) = [event for event in history if isinstance(event.message, StreamRemoved)]
    assert str(removed.envelope.cause_id).startswith(f"{RELAYS_BUCKET}:")


async def test_a_relay_that_restarts_has_lost_everything(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    await alice.publish("cam")
    await alice.drop()
    cloud.relay.epoch = "e2"
    await cloud.relay.announce()
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))
    alice.url = two.ws
    await alice.open()
    assert "resumed" in await alice.resume()
    await alice.notices.until(lambda all_: any("peerConnectionLost" in each for each in all_))
    assert "answer" in await alice.publish("cam", pc="new")
    assigned = [event.message for event in await cloud.history("r") if isinstance(event.message, RelayAssigned)]
    assert [event.relay_epoch for event in assigned] == ["e1", "e2"]


async def test_of_two_relays_everybody_in_a_room_is_on_one_also_who_comes_at_once(cloud: Cloud) -> None:
    other = RelayResponder(cloud.bus, cloud.events, relay_id="relay-2")
    await other.serve()
    one, two = await cloud.start_room(), await cloud.start_room()
    for number in range(6):
        room, names = f"r{number}", [f"u{number}{each}" for each in "abcd"]
        clients = [await cloud.join(two if index % 2 else one, room, name) for index, name in enumerate(names)]
        published = await asyncio.gather(*(each.publish(f"cam-{each.user_id}") for each in clients))
        assert all("answer" in reply for reply in published)
        for client in clients:
            for name in names:
                assert "answer" in await client.play(f"cam-{name}", pc=f"recv-{name}")
        streams = [event.message for event in await cloud.history(room) if isinstance(event.message, StreamAdded)]
        assert len({(event.relay_id, event.relay_epoch) for event in streams}) == 1


async def test_without_a_relay_publishing_can_be_tried_again(cloud: Cloud) -> None:
    leases = LeaseBucket(cloud.bus, RELAYS_BUCKET)
    await leases.delete("relay-1")
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    failed = (await alice.publish("cam"))["failed"]
    assert (failed["code"], failed["retryable"]) == (1103020, True)
    await cloud.relay.announce()
    await eventually(lambda: alice.publish("cam"), "answer")


async def test_two_who_want_the_same_stream_id_at_once(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    clients = [await cloud.join(one if number % 2 else two, f"r{number}", f"u{number}") for number in range(6)]
    for round_ in range(5):
        replies = await asyncio.gather(*(client.publish(f"cam{round_}") for client in clients))
        assert ["answer" in reply for reply in replies].count(True) == 1
        assert {reply["failed"]["code"] for reply in replies if "failed" in reply} == {1003028}
