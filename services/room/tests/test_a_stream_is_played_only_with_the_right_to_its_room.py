"""Who knows a stream's id, and is in another room of the app, gets nothing by it: neither the stream nor word of it."""

from typing import Any

import httpx
import pytest
from salon.relay.v1.relay_pb2 import Direction

from .client import Client, Json, eventually
from .conftest import Cloud
from .responders import APP, OFFER, RelayResponder, token

NOT_FOUND = ("stream-not-found", "There is no stream 'private'.")


def offer(*streams: str, pc: str = "recv") -> Json:
    tracks = [{"mid": str(mid), "streamId": stream} for mid, stream in enumerate(streams)]
    return {"peerConnectionId": pc, "sdp": OFFER, "tracks": tracks}


async def play(client: Client, named: str, *bound: str, **more: Any) -> Json:
    return await client.request(play={"streamId": named, "offer": offer(*bound, **more)})


def failure(reply: Json) -> tuple[str, str]:
    return reply["failed"]["reason"], reply["failed"]["message"]


def played(relay: RelayResponder) -> set[str]:
    return {
        track.stream_id
        for order in relay.negotiated
        if order.direction == Direction.DIRECTION_RECEIVE
        for track in order.tracks
    }


async def a_private_stream(cloud: Cloud, room: Any) -> Client:
    alice = await cloud.join(room, "board", "alice")
    assert "answer" in await alice.publish("private")
    return alice


async def test_a_stream_of_another_room_is_as_if_it_were_not_there(cloud: Cloud) -> None:
    room, other = await cloud.start_room(), await cloud.start_room()
    await a_private_stream(cloud, room)
    for instance in (room, other):
        eve = await cloud.join(instance, "lobby", f"eve-{instance.port}")
        there = await eve.play("private")
        assert failure(there) == NOT_FOUND
        not_there = await eve.play("nothing")
        assert {**not_there["failed"], "message": ""} == {**there["failed"], "message": ""}
    assert played(cloud.relay) == set()


@pytest.mark.parametrize("bound", [("private",), ("mine", "private"), ("private", "mine")])
async def test_an_offer_smuggles_nothing_beside_the_stream_that_it_names(cloud: Cloud, bound: tuple[str, ...]) -> None:
    room = await cloud.start_room()
    await a_private_stream(cloud, room)
    eve = await cloud.join(room, "lobby", "eve")
    assert "answer" in await eve.publish("mine")
    # With the first offer, on a peer connection that plays already, and as it stops to play.
    assert failure(await play(eve, "mine", *bound)) == NOT_FOUND
    assert "answer" in await play(eve, "mine", "mine")
    assert failure(await play(eve, "mine", *bound)) == NOT_FOUND
    assert failure(await eve.request(stopPlay={"streamId": "mine", "offer": offer(*bound)})) == NOT_FOUND
    assert played(cloud.relay) == {"mine"}


async def test_an_offer_to_send_binds_only_streams_of_its_own(cloud: Cloud) -> None:
    room = await cloud.start_room()
    await a_private_stream(cloud, room)
    eve = await cloud.join(room, "lobby", "eve")
    smuggling = {"streamId": "mine", "extraInfo": "", "offer": offer("mine", "private", pc="send")}
    assert failure(await eve.request(publish=smuggling))[0] == "stream-not-yours"
    assert "answer" in await eve.publish("mine")
    stopping = {"streamId": "mine", "offer": offer("private", pc="send")}
    assert failure(await eve.request(unpublish=stopping))[0] == "stream-not-yours"
    assert not any(track.stream_id == "private" for order in cloud.relay.negotiated[1:] for track in order.tracks)


@pytest.mark.parametrize("rooms", [("board",), ("stage", "board"), ("",)])
async def test_a_token_that_names_the_room_plays_its_streams(cloud: Cloud, rooms: tuple[str, ...]) -> None:
    room = await cloud.start_room()
    await a_private_stream(cloud, room)
    carol = await cloud.join(room, "lobby", "carol", secret=token("carol", "lobby", play_rooms=rooms))
    assert "answer" in await carol.publish("mine", pc="send")
    assert "answer" in await carol.play("private")
    assert "answer" in await play(carol, "mine", "private", "mine")
    assert tuple(cloud.relay.negotiated[-1].playable_room_ids) == rooms


async def test_a_token_that_names_another_room_does_not(cloud: Cloud) -> None:
    room = await cloud.start_room()
    await a_private_stream(cloud, room)
    eve = await cloud.join(room, "lobby", "eve", secret=token("eve", "lobby", play_rooms=("stage", "boar")))
    assert failure(await eve.play("private")) == NOT_FOUND
    assert "answer" in await eve.publish("mine")
    assert failure(await play(eve, "mine", "mine", "private")) == NOT_FOUND
    assert played(cloud.relay) == set()


async def test_the_right_goes_with_the_log_in_to_another_instance(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    await a_private_stream(cloud, one)
    clients = {
        "carol": await cloud.join(one, "lobby", "carol", secret=token("carol", "lobby", play_rooms=("board",))),
        "eve": await cloud.join(one, "lobby", "eve"),
    }
    for client in clients.values():
        await client.drop()
        client.url = two.ws
        await client.open()
        assert "resumed" in await client.resume()
    assert "answer" in await clients["carol"].play("private")
    assert failure(await clients["eve"].play("private")) == NOT_FOUND


async def test_a_stream_that_has_just_ended_stops_no_offer_that_still_has_it(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    for name in ("one", "two"):
        assert "answer" in await alice.publish(name, pc=name)
    await bob.until_streams(("ADD", "one"), ("ADD", "two"))
    assert "answer" in await play(bob, "one", "one")
    await alice.request(unpublish={"streamId": "one"})
    await bob.until_streams(("ADD", "one"), ("ADD", "two"), ("DELETE", "one"))
    assert "answer" in await play(bob, "two", "one", "two")  # what bob had not heard yet when it made the offer
    assert failure(await play(bob, "two", "two", "one", pc="new")) == ("stream-not-found", "There is no stream 'one'.")


async def test_an_id_that_was_played_is_not_played_where_it_comes_again_in_another_room(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, eve = await cloud.join(room, "lobby", "alice"), await cloud.join(room, "lobby", "eve")
    assert "answer" in await alice.publish("private")
    await eve.until_streams(("ADD", "private"))
    assert "answer" in await eve.publish("mine", pc="send")
    assert "answer" in await play(eve, "private", "private")
    await alice.log_out()
    await eve.until_streams(("ADD", "private"), ("DELETE", "private"))
    again = await cloud.join(room, "board", "bob")
    await eventually(lambda: again.publish("private"), "answer")
    assert failure(await play(eve, "mine", "private", "mine")) == NOT_FOUND
    assert failure(await eve.request(stopPlay={"streamId": "mine", "offer": offer("private")})) == NOT_FOUND


async def test_the_same_holds_for_a_viewer_over_http(cloud: Cloud) -> None:
    room = await cloud.start_room()
    await a_private_stream(cloud, room)
    lobby = await cloud.join(room, "lobby", "alice-2")
    assert "answer" in await lobby.publish("mine")

    async def status(room_id: str, said: str) -> tuple[int, str]:
        where = {"app_id": str(APP), "room_id": room_id, "stream_id": "private"}
        headers = {"content-type": "application/sdp", "authorization": f"Bearer {said}"}
        async with httpx.AsyncClient(timeout=20) as http:
            reply = await http.post(f"{room.http}/whep", params=where, headers=headers, content=OFFER)
        return reply.status_code, "" if reply.status_code == 201 else reply.json()["error"]["code"]

    assert await status("board", token("v", "board")) == (201, "")
    assert await status("board", token("v", "lobby")) == (403, "token-room-mismatch")
    assert await status("lobby", token("v", "lobby")) == (404, "stream-not-found")
    assert await status("lobby", token("v", "lobby", play_rooms=("stage",))) == (404, "stream-not-found")
    assert await status("lobby", token("v", "lobby", play_rooms=("board",))) == (201, "")
