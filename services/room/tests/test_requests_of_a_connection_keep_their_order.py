import json
from typing import Any

from salon.room.v1.signal_pb2 import ClientMessage
from salon_contracts.errors import RoomFull, SessionGone
from salon_room.core.connection.close_code import CloseCode
from salon_room.core.connection.inputs import Entry, Failed, FrameReceived
from salon_room.core.connection.serial_queue import WAITING_MAX
from salon_room.core.limits import REQUESTS_PER_CONNECTION
from salon_room.signaling.messages import Messages
from salon_room.signaling.requests import Requests

from .connection_by_hand import SECOND, ByHand

OF_THE_CONNECTION = {"hello", "login", "resume", "heartbeat"}


def test_every_request_of_the_protocol_has_a_row() -> None:
    unused: Any = None  # a table is made of handlers, and none of them is called
    rows = Requests(unused, unused, unused, unused, unused, unused, Messages(unused, unused)).verbs
    kinds = {field.name for field in ClientMessage.DESCRIPTOR.oneofs_by_name["body"].fields}
    assert kinds == rows.keys() | OF_THE_CONNECTION


def test_the_wrong_order_is_refused_and_hello_must_fit() -> None:
    connection = ByHand()
    connection.ask("heartbeat")
    connection.apply(FrameReceived('{"requestId":50,"hello":{"protocolVersions":[2]}}'))
    connection.ask("hello", "hello", "logout", "message", "login")
    connection.finish(Entry("me", '{"entered":1}'))
    connection.ask("login")
    failed = [json.loads(frame)["reply"]["failed"]["code"] for frame in connection.frames if '"failed"' in frame]
    assert failed == [1100001, 1100001, 1100001, 1000002, 1002002, 1002001]
    assert connection.replies[2] == "welcome"


def test_one_at_a_time_in_the_order_they_came() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("publish", "play", "play")
    assert connection.under_way == ["publish"]
    connection.finish()
    assert connection.under_way == ["play"]
    connection.finish()
    connection.finish()
    assert connection.replies == ["answer", "answer", "answer"]


def test_what_is_sent_behind_login_waits_for_it() -> None:
    connection = ByHand()
    connection.ask("hello", "login", "publish", "message")
    assert connection.under_way == ["login"]
    connection.finish(Entry("me", '{"entered":1}'))
    assert connection.under_way == ["publish"]
    assert connection.jobs[0].log_in == "me"
    connection.finish()
    assert connection.under_way == ["send_message"]


def test_what_is_sent_behind_a_login_that_fails_is_refused_and_another_one_may_come() -> None:
    connection = ByHand()
    connection.ask("hello", "login", "publish")
    connection.finish(RoomFull(limit=2))
    assert connection.replies == ["welcome", "room-full", "not-logged-in"]
    connection.ask("login")
    assert connection.under_way == ["login"]


def test_messages_wait_for_nothing_but_each_other() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("publish", "message", "message")
    assert connection.under_way == ["publish", "send_message"]
    connection.finish(kind="send_message")
    assert connection.under_way == ["publish", "send_message"]
    connection.finish(kind="send_message")
    assert connection.replies == ["messageAccepted", "messageAccepted"]


def test_effects_wait_for_what_came_before_and_nothing_waits_for_them() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("publish", "effects", "play")
    assert connection.under_way == ["publish"]
    connection.finish()
    assert connection.under_way == ["set_effects", "play"]


def test_only_so_many_wait() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask(*["message"] * (WAITING_MAX + 2))
    assert connection.replies == ["rate-limited"]


def test_requests_are_paced_and_a_pause_pays_back() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask(*["heartbeat"] * round(REQUESTS_PER_CONNECTION.burst))
    connection.frames.clear()
    connection.ask("heartbeat")
    assert connection.replies == ["rate-limited"]
    connection.now_ns += SECOND
    connection.ask("heartbeat")
    assert connection.replies == ["rate-limited", "done"]


def test_publish_and_play_share_their_rate() -> None:
    connection = ByHand()
    connection.enter()
    for kind in ["publish", "play"] * 30:
        connection.ask(kind)
        connection.finish()
    connection.frames.clear()
    connection.ask("publish", "play", "message")
    assert connection.replies == ["rate-limited", "rate-limited"]
    assert connection.under_way == ["send_message"]


def test_a_resume_that_fails_may_be_tried_three_times() -> None:
    connection = ByHand()
    connection.ask("hello")
    for _ in range(3):
        connection.ask("resume")
        connection.finish(SessionGone())
    connection.ask("resume")
    assert connection.under_way == []
    assert connection.replies == ["welcome", *["session-gone"] * 3, "rate-limited"]
    connection.ask("login")
    assert connection.under_way == ["login"]


def test_junk_is_answered_and_ends_the_connection() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("publish")
    for _ in range(20):
        connection.apply(FrameReceived("{"))
    assert connection.replies == ["request-malformed"] * 20
    assert connection.core.close_code is CloseCode.MALFORMED


def test_a_binary_frame_ends_the_connection() -> None:
    connection = ByHand()
    connection.apply(FrameReceived(None))
    assert connection.core.close_code is CloseCode.NOT_TEXT


def test_a_bug_ends_the_connection_and_what_waits() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("publish", "play")
    connection.apply(Failed(connection.jobs.pop()))
    assert connection.core.close_code is CloseCode.INTERNAL
    assert connection.under_way == []
