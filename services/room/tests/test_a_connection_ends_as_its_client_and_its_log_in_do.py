"""A process and a bus say the same of the whole in the tests of resumes and log-outs."""

import pytest
from salon_contracts.errors import BusUnavailable, RoomFull
from salon_room.core.connection.close_code import CloseCode
from salon_room.core.connection.inputs import (
    End,
    Entry,
    Failed,
    FrameReceived,
    Input,
    InstanceStops,
    LogInEnded,
    Notified,
    SocketClosed,
)
from salon_room.core.connection.outputs import FellBehind, Left, LetGo, Work
from salon_room.core.connection.send_queue import HELD_MAX

from .connection_by_hand import HELLO_TIMEOUT_S, PRESENCE_TTL_S, SECOND, ByHand

# ---- what is sent ----


def test_a_notice_that_comes_while_the_log_in_is_made_comes_after_its_reply() -> None:
    connection = ByHand()
    connection.ask("hello", "login")
    connection.frames.clear()
    connection.apply(Notified("live"))
    connection.finish(Entry("me", '{"entered":1}', ["page"]))
    assert connection.frames == ['{"entered":1}', "page", "live"]


def test_what_was_missed_is_told_as_fast_as_the_client_reads_and_what_happens_comes_behind() -> None:
    connection = ByHand(queue_max_frames=8, reads=False)
    connection.ask("hello", "resume")
    missed = [f"missed {number}" for number in range(1000)]
    connection.finish(Entry("me", '{"entered":1}', missed))
    for number in range(100):  # far more than the queue has room for
        connection.apply(Notified(f"live {number}"))
    assert connection.core.close_code is None
    connection.read()
    assert connection.frames[2:] == [*missed, *(f"live {number}" for number in range(100))]
    connection.apply(Notified("now"))
    connection.read()
    assert connection.frames[-1] == "now"


def test_a_reply_does_not_wait_behind_what_was_missed() -> None:
    connection = ByHand(queue_max_frames=8, reads=False)
    connection.ask("hello", "resume")
    connection.finish(Entry("me", '{"entered":1}', [f"missed {number}" for number in range(1000)]))
    connection.ask("heartbeat")
    connection.read(8)
    assert "done" in connection.replies


def test_who_reads_too_slowly_is_closed_without_what_waits() -> None:
    connection = ByHand(queue_max_frames=8, reads=False)
    connection.ask("hello", "login")
    connection.finish(Entry("me", '{"entered":1}'))
    connection.read()
    for number in range(9):
        connection.apply(Notified(str(number)))
    assert connection.core.close_code is CloseCode.TOO_SLOW
    assert FellBehind() in connection.outputs
    assert connection.core.next_frame() is None
    connection.apply(SocketClosed(4008))
    assert connection.let_go == [LetGo("me", is_over=False)]  # to be resumed


def test_who_falls_too_far_behind_while_it_catches_up_is_closed() -> None:
    connection = ByHand(queue_max_frames=2, reads=False)
    connection.ask("hello", "resume")
    connection.finish(Entry("me", '{"entered":1}', ["missed"] * 10))
    for number in range(20_001):
        connection.apply(Notified(str(number)))
    assert connection.core.close_code is CloseCode.TOO_SLOW


def test_who_has_no_room_for_the_reply_to_its_log_in_is_sent_nothing_of_what_it_missed() -> None:
    connection = ByHand(queue_max_frames=1, reads=False)
    connection.ask("hello", "resume")
    connection.finish(Entry("me", '{"entered":1}', ["missed"]))
    assert connection.core.close_code is CloseCode.TOO_SLOW
    assert connection.core.next_frame() is None


def test_one_bound_is_over_all_that_is_held_back() -> None:
    connection = ByHand(queue_max_frames=8, reads=False)
    connection.ask("hello", "resume")
    connection.finish(Entry("me", '{"entered":1}', ["missed"] * 10))
    for number in range(HELD_MAX):
        connection.apply(Notified(str(number)))
    connection.read(20)  # all that was missed, and some of what was held back
    read = sum(frame.isdigit() for frame in connection.frames)
    assert read > 0
    for _ in range(10):  # so many were sent, or are in the queue
        connection.apply(Notified("live"))
    assert connection.core.close_code is None
    for _ in range(10):
        connection.apply(Notified("live"))
    assert connection.core.close_code is CloseCode.TOO_SLOW


# ---- the log-in ends ----


def test_a_log_in_that_is_over_closes_its_connection_after_what_was_said_of_it() -> None:
    connection = ByHand()
    connection.enter()
    connection.apply(Notified("kicked"))
    connection.apply(LogInEnded(End.OVER))
    assert connection.frames == ["kicked"]
    assert connection.core.close_code is CloseCode.LOGGED_OUT
    connection.apply(SocketClosed(4002))
    assert connection.let_go == [LetGo("me", is_over=True)]


def test_the_end_that_comes_while_the_client_catches_up_is_told_last() -> None:
    connection = ByHand(queue_max_frames=4, reads=False)
    connection.ask("hello", "resume")
    connection.finish(Entry("me", '{"entered":1}', ["missed"] * 10))
    connection.apply(Notified("kicked"))
    connection.apply(LogInEnded(End.OVER))
    assert connection.core.close_code is None
    connection.read()
    assert connection.frames[-1] == "kicked"
    assert connection.core.close_code is CloseCode.LOGGED_OUT


def test_a_log_in_that_is_resumed_elsewhere_leaves_quietly() -> None:
    connection = ByHand(reads=False)
    connection.ask("hello", "login")
    connection.finish(Entry("me", '{"entered":1}'))
    connection.apply(LogInEnded(End.RESUMED_ELSEWHERE))
    assert connection.core.close_code is CloseCode.RESUMED_ELSEWHERE
    assert connection.core.next_frame() is None
    connection.apply(SocketClosed(4003))
    assert connection.let_go == [LetGo("me", is_over=False)]


def test_an_end_of_a_log_in_that_failed_does_not_end_the_next_one() -> None:
    connection = ByHand()
    connection.ask("hello", "resume")
    connection.apply(LogInEnded(End.OVER))
    connection.finish(RoomFull(limit=2))
    connection.ask("login")
    connection.finish(Entry("me", '{"entered":1}'))
    assert connection.core.close_code is None


# ---- the client leaves ----


def test_a_log_out_is_answered_and_closes() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("logout")
    connection.apply(LogInEnded(End.OVER))  # its own event
    assert connection.core.close_code is None
    connection.finish()
    assert connection.replies == ["done"]
    assert connection.core.close_code is CloseCode.NORMAL
    connection.apply(SocketClosed(1000))
    assert connection.let_go == []
    assert connection.under_way == []


def test_a_log_out_that_waits_is_carried_out_although_the_socket_is_gone() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("play", "play", "logout")
    connection.apply(SocketClosed(1001))
    assert connection.under_way == ["play"]
    connection.finish()
    assert [(job.work, job.log_in) for job in connection.jobs] == [(Work.LEAVE, "me")]
    assert connection.let_go == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_log_out_under_way_is_finished_by_itself_when_the_socket_goes(fails: bool) -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("logout")
    connection.apply(SocketClosed(1001))
    connection.finish(BusUnavailable() if fails else None)
    assert connection.under_way == []
    assert connection.let_go == ([LetGo("me", is_over=False)] if fails else [])
    assert connection.outputs.count(Left()) == 1


@pytest.mark.parametrize("closed_by", [FrameReceived(None), InstanceStops(), LogInEnded(End.RESUMED_ELSEWHERE)])
@pytest.mark.parametrize("fails", [False, True])
def test_a_log_out_under_way_is_finished_by_itself_although_we_close_the_connection(
    closed_by: Input[str], fails: bool
) -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("logout")
    connection.apply(closed_by)
    assert connection.core.close_code is not None
    connection.apply(SocketClosed(None))
    assert (connection.under_way, connection.let_go) == (["logout"], [])
    connection.finish(BusUnavailable() if fails else None)
    assert connection.under_way == []
    assert connection.let_go == ([LetGo("me", is_over=False)] if fails else [])
    assert connection.outputs.count(Left()) == 1


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_log_out_that_ends_in_a_bug_leaves_no_log_in_behind(is_gone: bool) -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("logout")
    if is_gone:
        connection.apply(SocketClosed(None))
    connection.apply(Failed(connection.jobs.pop()))
    connection.apply(SocketClosed(None))
    assert [job.work for job in connection.jobs] == ([] if is_gone else [Work.LEAVE])
    assert connection.let_go == ([LetGo("me", is_over=False)] if is_gone else [])
    assert connection.core.close_code is (None if is_gone else CloseCode.INTERNAL)
    assert connection.outputs.count(Left()) == 1


def test_a_log_out_that_fails_closes_all_the_same_and_is_tried_again() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("logout")
    connection.finish(BusUnavailable())
    assert connection.replies == ["bus-unavailable"]
    assert connection.core.close_code is CloseCode.NORMAL
    connection.apply(SocketClosed(1000))
    assert [job.work for job in connection.jobs] == [Work.LEAVE]


@pytest.mark.parametrize(("code", "works"), [(1001, [Work.LEAVE_UNLESS_RESUMED]), (1000, []), (None, [])])
def test_only_a_page_that_is_left_says_that_it_leaves(code: int | None, works: list[Work]) -> None:
    connection = ByHand()
    connection.enter()
    connection.apply(SocketClosed(code))
    connection.apply(SocketClosed(None))
    assert [job.work for job in connection.jobs] == works
    assert connection.let_go == ([] if works else [LetGo("me", is_over=False)])
    assert connection.outputs.count(Left()) == 1


def test_our_own_code_that_comes_back_says_nothing_of_the_client() -> None:
    connection = ByHand()
    connection.enter()
    connection.apply(InstanceStops())
    assert connection.frames == ['{"goAway":{}}']
    assert connection.core.close_code is CloseCode.GOING_AWAY
    connection.apply(SocketClosed(1001))
    assert connection.let_go == [LetGo("me", is_over=False)]


def test_a_new_log_in_nobody_was_told_of_is_ended_and_a_resumed_one_goes_on() -> None:
    for kind, code, works, let_go in (
        ("login", None, [Work.LEAVE], []),
        ("resume", None, [], [LetGo("me", is_over=False)]),
        ("resume", 1001, [Work.LEAVE_UNLESS_RESUMED], []),
    ):
        connection = ByHand()
        connection.ask("hello", kind)
        connection.apply(SocketClosed(code))
        connection.finish(Entry("me", '{"entered":1}'))
        assert [job.work for job in connection.jobs] == works
        assert connection.let_go == let_go
        assert Left() not in connection.outputs


def test_a_reply_that_comes_after_the_socket_is_for_nobody() -> None:
    connection = ByHand()
    connection.enter()
    connection.ask("publish", "play")
    connection.apply(SocketClosed(None))
    connection.finish()
    assert connection.frames == []
    assert connection.under_way == []


# ---- time ----


@pytest.mark.parametrize("said", [[], ["hello"]])
def test_who_does_not_log_in_in_time_is_closed(said: list[str]) -> None:
    connection = ByHand()
    connection.ask(*said)
    assert connection.core.deadline_ns == HELLO_TIMEOUT_S * SECOND
    connection.tick(HELLO_TIMEOUT_S * SECOND)
    assert connection.core.close_code is CloseCode.LOGIN_TIMEOUT


def test_a_log_in_under_way_may_take_longer_but_is_the_last() -> None:
    connection = ByHand()
    connection.ask("hello", "login")
    connection.tick(HELLO_TIMEOUT_S * SECOND)
    assert connection.core.close_code is None
    connection.finish(RoomFull(limit=2))
    assert connection.replies == ["welcome", "room-full"]
    assert connection.core.close_code is CloseCode.LOGIN_TIMEOUT


def test_who_is_silent_for_as_long_as_its_presence_lives_is_closed() -> None:
    connection = ByHand()
    connection.enter()
    connection.tick(HELLO_TIMEOUT_S * SECOND)
    connection.now_ns = 20 * SECOND
    connection.ask("heartbeat")
    assert connection.core.deadline_ns == (20 + PRESENCE_TTL_S) * SECOND
    connection.tick(PRESENCE_TTL_S * SECOND)
    assert connection.core.close_code is None
    connection.tick(connection.core.deadline_ns)
    assert connection.core.close_code is CloseCode.HEARTBEAT_TIMEOUT
    connection.apply(SocketClosed(4001))
    assert connection.let_go == [LetGo("me", is_over=False)]
