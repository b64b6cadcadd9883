import asyncio

import pytest
from google.protobuf.message import Message
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import EffectsProblem, SetEffects
from salon.room.v1.events_pb2 import EffectsChanged, EffectsTurnedOff, EffectsTurnedOn, StreamAdded, StreamRemoved
from salon_contracts.errors import InvalidField, StreamNotFound

from .client import Client, Json
from .conftest import Cloud
from .responders import OFFER, RelayResponder

FIFTY: Json = {
    "enabled": True,
    "smoothIntensity": 50,
    "whitenIntensity": 50,
    "rosyIntensity": 50,
    "sharpenIntensity": 50,
}
STATE_ON = {"effectsSet": {"state": "STREAM_EFFECTS_STATE_ON"}}
STATE_OFF = {"effectsSet": {"state": "STREAM_EFFECTS_STATE_OFF"}}
NO_WORKER = EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
TOO_SLOW = EffectsProblem.EFFECTS_PROBLEM_TOO_SLOW


def unavailable(problem: str) -> Json:
    return {"effectsSet": {"state": "STREAM_EFFECTS_STATE_UNAVAILABLE", "problem": problem}}


async def said(cloud: Cloud, *kinds: type[Message]) -> list[Message]:
    """The events of room `r` of these kinds, of effects if none is named."""
    wanted = kinds or (EffectsTurnedOn, EffectsChanged, EffectsTurnedOff)
    return [event.message for event in await cloud.history("r") if isinstance(event.message, wanted)]


async def ordered(relay: RelayResponder, count: int) -> list[SetEffects]:
    return await relay.effects.until(lambda orders: len(orders) >= count)


def relays_lost(notices: list[Json]) -> list[str]:
    reasons = [notice["peerConnectionLost"]["reason"] for notice in notices if "peerConnectionLost" in notice]
    return [reason for reason in reasons if reason == "relay-lost"]


async def marked(cloud: Cloud, client: Client, speaker: Client, text: str) -> None:
    """The client has been told everything that happened until now."""
    assert "messageAccepted" in await speaker.say(text, "COMMAND")
    await client.notices.until(lambda _: text in client.texts())


async def test_on_changed_and_off_are_events_orders_and_replies(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    assert await alice.set_effects("cam", **FIFTY) == STATE_ON
    assert await alice.set_effects("cam", enabled=True, smoothIntensity=80.5) == STATE_ON
    assert await alice.set_effects("cam", enabled=False) == STATE_OFF

    who = {"stream_id": "cam", "user_id": "alice", "session_id": alice.logged_in["sessionId"]}
    fifty, other = Beauty(smooth=50, whiten=50, rosy=50, sharpen=50), Beauty(smooth=80.5)
    assert await said(cloud) == [
        EffectsTurnedOn(**who, beauty=fifty, version=1),
        EffectsChanged(**who, beauty=other, version=2),
        EffectsTurnedOff(**who, version=3),
    ]
    where = {"app_id": 7, "room_id": "r", "room_session_id": alice.logged_in["roomSessionId"]}
    assert cloud.relay.effects.items == [
        SetEffects(**where, **who, enabled=True, beauty=fifty, version=1),
        SetEffects(**where, **who, enabled=True, beauty=other, version=2),
        SetEffects(**where, **who, enabled=False, beauty=Beauty(), version=3),
    ]
    await marked(cloud, alice, bob, "all told")
    assert alice.effects() == bob.effects() == []


async def test_replies_and_notices_say_which_wish_they_are_about(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    for wish in ({"enabled": False}, FIFTY, {**FIFTY, "enabled": False}, FIFTY):
        await alice.set_effects("cam", **wish)
    assert alice.effects_versions == [0, 1, 2, 3]
    await cloud.relay.effects_interrupted(cloud.relay.effects.items[0], TOO_SLOW)
    await cloud.relay.effects_interrupted(cloud.relay.effects.items[-1], NO_WORKER)
    await alice.until_effects(("cam", "UNAVAILABLE", "no-worker"))  # the older one is left aside
    told = [each["effectsStateChanged"] for each in alice.notices.items if "effectsStateChanged" in each]
    assert [change["version"] for change in told if "problem" in change] == [1, 3]


async def test_what_is_so_already_is_ordered_again_but_no_event(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    assert await alice.set_effects("cam", enabled=False) == STATE_OFF
    assert (await said(cloud), cloud.relay.effects.items) == ([], [])
    for _ in range(2):
        assert await alice.set_effects("cam", **FIFTY) == STATE_ON
    assert [order.version for order in cloud.relay.effects.items] == [1, 1]
    assert len(await said(cloud)) == 1


async def test_on_with_nothing_to_do_is_off_for_the_relay(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    assert await alice.set_effects("cam", enabled=True) == STATE_OFF
    (event,) = await said(cloud)
    assert isinstance(event, EffectsTurnedOn)
    assert [(order.enabled, order.version) for order in cloud.relay.effects.items] == [(False, 1)]


async def test_only_the_session_that_publishes_may_and_nothing_else_changes(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    elsewhere = await cloud.join(two, "q", "carol")
    assert (await alice.set_effects("cam", **FIFTY))["failed"]["code"] == 1103040
    await alice.publish("cam")
    await alice.set_effects("cam", **FIFTY)
    for stranger in (bob, elsewhere):
        for wish in (FIFTY, {"enabled": False}):
            failed = (await stranger.set_effects("cam", **wish))["failed"]
            assert (failed["code"], failed["reason"]) == (1103040, "stream-not-yours")
    nobody = await cloud.connect(two)
    assert (await nobody.set_effects("cam", **FIFTY))["failed"]["reason"] == "not-logged-in"
    assert len(await said(cloud)) == 1
    assert len(cloud.relay.effects.items) == 1


@pytest.mark.parametrize("value", [-1, 100.5, "NaN", "Infinity", 1e30])
async def test_what_is_out_of_range_is_refused_by_name_and_leaves_nothing_behind(cloud: Cloud, value: object) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    for name in ("smoothIntensity", "whitenIntensity", "rosyIntensity", "sharpenIntensity"):
        for wish in ({**FIFTY, name: value}, {"enabled": False, name: value}):
            failed = (await alice.publish("cam", effects=wish))["failed"]
            assert (failed["code"], failed["reason"], name in failed["message"]) == (1100001, "invalid-field", True)
    assert not cloud.relay.negotiated
    await alice.publish("cam")
    failed = (await alice.set_effects("cam", enabled=True, rosyIntensity=value))["failed"]
    assert (failed["code"], failed["reason"], "rosyIntensity" in failed["message"]) == (1100001, "invalid-field", True)
    assert (await alice.set_effects("no spaces", **FIFTY))["failed"]["code"] == 1000016
    assert (await said(cloud), cloud.relay.effects.items) == ([], [])
    assert {type(event.message).__name__ for event in await cloud.history("r")}.isdisjoint({"PublishRefused"})


async def test_a_stream_can_begin_with_effects(cloud: Cloud) -> None:
    """The relay knows of them before the client has its answer, and the client does not wait for them."""
    cloud.relay.holds_effects = asyncio.Event()
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    assert "answer" in await alice.publish("cam", effects=FIFTY)
    (order,) = await ordered(cloud.relay, 1)
    assert (order.enabled, order.beauty.smooth, order.version) == (True, 50, 1)
    kinds = [type(event) for event in await said(cloud, StreamAdded, EffectsTurnedOn)]
    assert kinds == [StreamAdded, EffectsTurnedOn]
    cloud.relay.holds_effects.set()
    assert await alice.set_effects("cam", **FIFTY) == STATE_ON
    assert alice.effects() == []


async def test_a_stream_that_is_to_begin_without_effects_says_nothing_of_them(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam", effects={"enabled": False, "smoothIntensity": 50})
    await alice.publish("screen", pc="send2")
    assert "done" in await alice.request(unpublish={"streamId": "screen"})
    assert (await said(cloud), cloud.relay.effects.items) == ([], [])


async def test_effects_that_cannot_be_had_do_not_fail_the_publish_but_are_told(cloud: Cloud) -> None:
    cloud.relay.problem = NO_WORKER
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    assert "answer" in await alice.publish("cam", effects=FIFTY)
    await alice.until_effects(("cam", "UNAVAILABLE", "no-worker"))
    (order,) = await ordered(cloud.relay, 1)
    await cloud.relay.effects_started(order)
    await alice.until_effects(("cam", "UNAVAILABLE", "no-worker"), ("cam", "ON", ""))

    cloud.relay.refuses_effects = InvalidField(field="version", problem="out of range", limit="1")
    assert "answer" in await alice.publish("screen", pc="send2", effects=FIFTY)
    await ordered(cloud.relay, 2)
    assert (await alice.set_effects("screen", **FIFTY))["failed"]["reason"] == "invalid-field"
    assert len(alice.effects()) == 2


async def test_what_a_relay_says_of_a_new_stream_only_in_its_answer_is_told_too(cloud: Cloud) -> None:
    cloud.relay.problem, cloud.relay.says_effects = EffectsProblem.EFFECTS_PROBLEM_NO_VIDEO, False
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    assert "answer" in await alice.publish("cam", effects=FIFTY)
    await alice.until_effects(("cam", "UNAVAILABLE", "no-video"))
    await cloud.relay.effects_started(cloud.relay.effects.items[0])
    await alice.until_effects(("cam", "UNAVAILABLE", "no-video"), ("cam", "ON", ""))


async def test_a_stream_that_the_relay_has_lost_has_no_video(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    cloud.relay.refuses_effects = StreamNotFound(stream_id="cam")
    assert await alice.set_effects("cam", **FIFTY) == unavailable("no-video")
    assert await alice.set_effects("cam", enabled=False) == STATE_OFF


async def test_a_reply_that_says_unavailable_is_not_repeated_and_the_recovery_is_told(cloud: Cloud) -> None:
    cloud.relay.problem = NO_WORKER
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    assert await alice.set_effects("cam", **FIFTY) == unavailable("no-worker")
    (order,) = cloud.relay.effects.items
    await cloud.relay.effects_interrupted(order, NO_WORKER)
    await marked(cloud, alice, bob, "nothing yet")
    assert alice.effects() == []
    await cloud.relay.effects_started(order)
    await cloud.relay.effects_started(order)
    await cloud.relay.effects_interrupted(order, TOO_SLOW)
    told = [("cam", "ON", ""), ("cam", "UNAVAILABLE", "too-slow")]
    await alice.until_effects(*told)
    assert all(notice["sequence"] > 0 for notice in alice.notices.items if "effectsStateChanged" in notice)
    assert len(await said(cloud)) == 1  # the wish has stayed
    assert bob.effects() == []


async def test_an_answer_that_takes_long_holds_up_nothing_but_the_next_one_of_its_kind(cloud: Cloud) -> None:
    hold = cloud.relay.holds_effects = asyncio.Event()
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    frames = []
    offer = {"peerConnectionId": "send", "sdp": OFFER, "tracks": [{"mid": "0", "streamId": "cam"}]}
    publish, published = alice.send_later(publish={"streamId": "cam", "offer": offer})
    frames.append(publish)
    waiting = []
    for smooth in range(1, 4):
        wish = {"enabled": True, "smoothIntensity": smooth}
        text, reply = alice.send_later(setEffects={"streamId": "cam", "effects": wish})
        frames.append(text)
        waiting.append(reply)
    for text in frames:
        await alice.send_text(text)
    await ordered(cloud.relay, 1)
    assert "answer" in await published
    assert "messageAccepted" in await alice.say("on we go")
    assert "answer" in await alice.publish("screen", pc="send2")
    assert not any(reply.done() for reply in waiting)
    assert [order.beauty.smooth for order in cloud.relay.effects.items] == [1]
    hold.set()
    assert [await reply for reply in waiting] == [STATE_ON] * 3
    assert [order.beauty.smooth for order in cloud.relay.effects.items] == [1, 2, 3]


async def test_one_connection_may_ask_only_so_often(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    replies = await asyncio.gather(*(alice.set_effects("cam", enabled=True, smoothIntensity=n) for n in range(1, 61)))
    refused = [reply["failed"] for reply in replies if "failed" in reply]
    assert {(each["code"], each["reason"], each["retryable"]) for each in refused} == {(1109001, "rate-limited", True)}
    assert 40 <= len(replies) - len(refused) < 60
    assert len(await said(cloud)) == len(replies) - len(refused)


async def test_the_wish_survives_a_lost_peer_connection_and_goes_to_whichever_relay_comes_next(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam", effects=FIFTY)
    await ordered(cloud.relay, 1)
    (transport,) = cloud.relay.open
    await cloud.relay.lose(transport)
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))
    assert (await alice.set_effects("cam", enabled=False))["failed"]["code"] == 1103040
    assert "answer" in await alice.publish("cam", pc="send2")
    again = (await ordered(cloud.relay, 2))[-1]
    assert (again.enabled, again.beauty.smooth, again.version) == (True, 50, 1)

    other = RelayResponder(cloud.bus, cloud.events, relay_id="relay-2")
    await other.serve()
    await cloud.relay.stop_serving()
    lost = await alice.set_effects("cam", enabled=True, smoothIntensity=70)
    assert lost == unavailable("no-video")
    await cloud.relay.announce(ttl_s=1)
    await alice.notices.until(lambda all_: relays_lost(all_) == ["relay-lost"])
    assert "answer" in await alice.publish("cam", pc="send3")
    (at_other,) = await ordered(other, 1)
    assert (at_other.enabled, at_other.beauty.smooth, at_other.version) == (True, 70, 2)
    await alice.until_effects(("cam", "ON", ""))
    assert [type(event) for event in await said(cloud)] == [EffectsTurnedOn, EffectsChanged]


async def test_a_relay_that_is_gone_fails_turning_off_with_its_code(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    await alice.set_effects("cam", **FIFTY)
    await cloud.relay.stop_serving()
    failed = (await alice.set_effects("cam", enabled=False))["failed"]
    assert (failed["code"], failed["reason"], failed["retryable"]) == (1103021, "relay-lost", True)
    assert [type(event) for event in await said(cloud)] == [EffectsTurnedOn, EffectsTurnedOff]
    await cloud.relay.serve()  # it is back: the wish is ordered again without anybody's asking
    orders = await ordered(cloud.relay, 2)
    assert (orders[-1].enabled, orders[-1].version) == (False, 2)


async def test_a_relay_that_does_not_answer_in_time_is_asked_again(cloud: Cloud) -> None:
    hold = cloud.relay.holds_effects = asyncio.Event()
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    assert await alice.set_effects("cam", **FIFTY) == unavailable("no-video")
    hold.set()
    await alice.until_effects(("cam", "ON", ""))
    assert [order.version for order in await ordered(cloud.relay, 2)] == [1, 1]


async def test_what_is_unpublished_has_no_effects_the_next_time(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam", effects=FIFTY)
    await ordered(cloud.relay, 1)
    assert "done" in await alice.request(unpublish={"streamId": "cam"})
    orders = await ordered(cloud.relay, 2)
    assert (orders[-1].enabled, orders[-1].version) == (False, 2)
    await alice.publish("cam")
    await alice.publish("cam", pc="send2", effects=FIFTY)
    last = (await cloud.relay.effects.until(lambda all_: any(order.version == 3 for order in all_)))[-1]
    assert (last.enabled, last.version) == (True, 3)
    assert [type(event) for event in await said(cloud, EffectsTurnedOn, EffectsTurnedOff, StreamRemoved)] == [
        EffectsTurnedOn,
        EffectsTurnedOff,
        StreamRemoved,
        EffectsTurnedOn,
    ]


async def test_another_instance_goes_on_with_them_after_a_resume(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice = await cloud.join(one, "r", "alice")
    await alice.publish("cam", effects=FIFTY)
    await ordered(cloud.relay, 1)
    one.kill()
    await alice.until_closed()
    alice.url = two.ws
    await alice.open()
    assert "resumed" in await alice.resume()
    assert await alice.set_effects("cam", **FIFTY) == STATE_ON  # known to be so already
    assert await alice.set_effects("cam", enabled=True, rosyIntensity=1) == STATE_ON
    assert await alice.set_effects("cam", enabled=False) == STATE_OFF
    assert [event.version for event in await said(cloud)] == [1, 2, 3]  # type: ignore[attr-defined]


async def test_whoever_was_away_is_told_what_came_of_them_meanwhile(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    await alice.publish("cam")
    assert await alice.set_effects("cam", **FIFTY) == STATE_ON
    (order,) = cloud.relay.effects.items

    async def away(*instances: str) -> None:
        alice.url = instances[0]
        await alice.open()
        assert "resumed" in await alice.resume()

    await alice.drop()  # nothing happens but a start that the reply has told of
    await away(two.ws)
    await marked(cloud, alice, bob, "one")
    assert alice.effects() == []

    await alice.drop()
    await cloud.relay.effects_interrupted(order, TOO_SLOW)
    await away(one.ws)
    told = [("cam", "UNAVAILABLE", "too-slow")]
    await alice.until_effects(*told)

    await alice.drop()
    await cloud.relay.effects_started(order)
    await away(two.ws)
    told += [("cam", "ON", "")]
    await alice.until_effects(*told)

    await alice.drop()
    await cloud.relay.effects_interrupted(order, NO_WORKER)
    await cloud.relay.effects_started(order)
    await away(one.ws)
    told += [("cam", "UNAVAILABLE", "no-worker"), ("cam", "ON", "")]
    await alice.until_effects(*told)

    await cloud.relay.effects_interrupted(order, NO_WORKER)
    told += [("cam", "UNAVAILABLE", "no-worker")]
    await alice.until_effects(*told)
    await alice.drop()
    await away(two.ws)  # its instance has heard of the interruption only from the snapshot
    await cloud.relay.effects_started(order)
    told += [("cam", "ON", "")]
    await alice.until_effects(*told)
    assert bob.effects() == []


async def test_a_log_out_leaves_no_order_behind(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam", effects=FIFTY)
    await ordered(cloud.relay, 1)
    (transport,) = cloud.relay.open
    await alice.log_out()
    await cloud.relay.changes.until(lambda gone: transport in gone)
    assert len(cloud.relay.effects.items) == 1
    bob = await cloud.join(room, "r", "bob")
    await bob.publish("cam", pc="x")
    assert (await bob.set_effects("cam", **FIFTY)) == STATE_ON
    assert cloud.relay.effects.items[-1].session_id == bob.logged_in["sessionId"]
    assert room.troubles() == []
