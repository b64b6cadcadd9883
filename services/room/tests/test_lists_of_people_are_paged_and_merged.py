"""What newcomers find and what the others are told of them, without a network."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from salon.room.v1.events_pb2 import MessageSent, StreamAdded, UserLoggedIn
from salon.room.v1.signal_pb2 import ServerMessage, UpdateType, User, UsersChanged
from salon_contracts.errors import InvariantBroken
from salon_room.core.facts import Fact
from salon_room.core.pages import PAGE_MAX_BYTES, PagedItems
from salon_room.core.signal_json import FRAME_MAX_BYTES, encode, text_of, user_text, users_changed
from salon_room.views.present import Pages, Present
from salon_room.views.user_changes import UserChanges

from .rooms_by_hand import Log, entity

LONGEST_NAME = "\x01" * 256
"""Six bytes a character in JSON."""


def listed(pages: Pages) -> list[str]:
    """The user ids of all pages, in order."""
    found = [user["userId"] for user in json.loads(f"[{pages.first_users}]")]
    for frame in pages.frames():
        assert len(frame.encode()) <= FRAME_MAX_BYTES
        found += [user["userId"] for user in json.loads(frame).get("usersChanged", {}).get("users", ())]
    return found


def streams_listed(pages: Pages) -> list[str]:
    found = [stream["streamId"] for stream in json.loads(f"[{pages.first_streams}]")]
    for frame in pages.frames():
        found += [stream["streamId"] for stream in json.loads(frame).get("streamsChanged", {}).get("streams", ())]
    return found


def log_in(log: Log, user_id: str, name: str = "") -> None:
    log.say(entity("user", user_id), UserLoggedIn(user_id=user_id, user_name=name, session_id=f"s-{user_id}"))


def publish(log: Log, stream_id: str, user_id: str, extra_info: str) -> None:
    event = StreamAdded(stream_id=stream_id, user_id=user_id, session_id=f"s-{user_id}", extra_info=extra_info)
    log.say(entity("stream", stream_id), event)


def present(log: Log) -> Present:
    told = Present()
    for fact in log.facts:
        told.apply(fact)
    return told


@pytest.mark.parametrize("name", ["", "Ann", LONGEST_NAME, "\U0001f600" * 64, '"\\'])
def test_a_user_is_written_as_protobuf_writes_it(name: str) -> None:
    assert user_text("ann", name) == text_of(User(user_id="ann", user_name=name))


@pytest.mark.parametrize(("sequence", "kind"), [(7, "ADD"), (2**60, "DELETE"), (0, "ADD")])
def test_changes_are_written_as_protobuf_writes_them(sequence: int, kind: str) -> None:
    users = [User(user_id="ann", user_name="Ann"), User(user_id="bob")]
    changed = UsersChanged(update_type=UpdateType.Value(f"UPDATE_TYPE_{kind}"), users=users)
    message = ServerMessage(sequence=sequence, users_changed=changed)
    text = users_changed(sequence, kind, ",".join(map(text_of, users)))
    assert json.loads(text) == json.loads(encode(message))
    assert json_format.Parse(text, ServerMessage()) == message


@pytest.mark.parametrize(
    ("count", "name"), [(1, "x"), (660, LONGEST_NAME), (3000, "Somebody"), (2000, "\U0001f600" * 64)]
)
def test_everybody_else_is_on_one_page_however_many_there_are(count: int, name: str) -> None:
    log = Log()
    for number in range(count):
        log_in(log, f"u{number:04}", name=name)
    pages = present(log).pages(log.fold(), "u0000", with_users=True)
    assert listed(pages) == [f"u{number:04}" for number in range(1, count)]
    assert len(pages.first_users.encode()) <= PAGE_MAX_BYTES


def test_who_came_and_went_in_any_order_is_where_it_should_be() -> None:
    log = Log()
    for number in range(400):
        log_in(log, f"u{number}", name=LONGEST_NAME)
    told = present(log)
    for number in range(0, 400, 2):
        log.user_out(f"u{number}")
    for fact in log.facts[400:]:
        told.apply(fact)
    log_in(log, "u2", name="back")
    told.apply(log.facts[-1])
    assert listed(told.pages(log.fold(), "nobody", with_users=True)) == [*(f"u{n}" for n in range(1, 400, 2)), "u2"]
    assert len(told.pages(log.fold(), "nobody", with_users=True).frames()) < 3 * 200 * 1600 // PAGE_MAX_BYTES
    assert listed(told.pages(log.fold(), "nobody", with_users=False)) == []


def test_streams_are_paged_like_users_and_those_without_their_user_are_left_out() -> None:
    log = Log()
    for number in range(40):
        log_in(log, f"u{number}")
        publish(log, f"s{number}", f"u{number}", extra_info="\x01" * 1024)
    log.user_out("u5")
    pages = present(log).pages(log.fold(), "u0", with_users=True)
    assert streams_listed(pages) == [f"s{number}" for number in range(1, 40) if number != 5]
    assert len(pages.streams) >= 2
    assert listed(pages) == [f"u{number}" for number in range(1, 40) if number != 5]


def test_small_pages_are_merged_when_most_have_left() -> None:
    items = PagedItems()
    for number in range(6400):
        items.put(str(number), "x" * 99)
    for number in range(6400):
        if number % 16:
            items.remove(str(number))
    assert len(items.pages(without="")) == 1
    assert len(items.pages(without="0")[0]) == 399 * 100 - 1


def changed(kind: str, user_id: str) -> UsersChanged:
    return UsersChanged(update_type=UpdateType.Value(f"UPDATE_TYPE_{kind}"), users=[User(user_id=user_id)])


def collected(*changes: str) -> UserChanges:
    """`+ann` comes, `-ann` goes; sequences from 1."""
    merged = UserChanges()
    for sequence, change in enumerate(changes, 1):
        assert merged.add(sequence, changed("ADD" if change[0] == "+" else "DELETE", change[1:]))
    return merged


def read(frame: str | None) -> tuple[int, str]:
    """Its sequence and what it says, as `+ann+bob`."""
    assert frame is not None
    message: dict[str, Any] = json.loads(frame)
    body = message["usersChanged"]
    sign = "+" if body["updateType"] == "UPDATE_TYPE_ADD" else "-"
    return int(message.get("sequence", 0)), "".join(sign + user["userId"] for user in body["users"])


def taken(merged: UserChanges, after: int = 0) -> list[tuple[int, str]]:
    frames = []
    while not merged.is_empty:
        run, sequence = merged.take()
        frame = run.frame_after(after, sequence)
        frames += [] if frame is None else [read(frame)]
    return frames


@pytest.mark.parametrize(
    ("changes", "frames"),
    [
        (("+a", "+b", "+c"), [(3, "+a+b+c")]),
        (("+a", "-a"), [(0, "+a"), (2, "-a")]),
        (("-a", "+a"), [(0, "-a"), (2, "+a")]),
        (("+a", "-b", "+c", "-d"), [(0, "+a+c"), (4, "-b-d")]),
        (("+a", "-a", "+a", "+b"), [(0, "+a+b"), (0, "-a"), (4, "+a")]),
    ],
)
def test_changes_of_a_moment_are_few_frames_and_each_user_keeps_its_order(
    changes: tuple[str, ...], frames: list[tuple[int, str]]
) -> None:
    assert taken(collected(*changes)) == frames


def test_who_came_between_gets_only_what_came_after() -> None:
    merged = collected("+a", "+b", "-a", "+c")
    assert [read(frame) for frame in merged.frames_after(2)] == [(0, "+c"), (4, "-a")]
    assert [read(frame) for frame in merged.frames_after(3)] == [(4, "+c")]
    assert merged.frames_after(4) == []
    assert taken(merged, after=2) == [(0, "+c"), (4, "-a")]


def test_a_change_joins_what_is_left_when_a_part_was_told() -> None:
    merged = collected("+a", "-b")
    merged.take()
    assert merged.add(3, changed("DELETE", "a"))
    assert merged.add(4, changed("ADD", "c"))
    assert taken(merged) == [(0, "-b-a"), (4, "+c")]


def test_a_frame_of_changes_has_a_bound() -> None:
    merged = UserChanges()
    added = 0
    while merged.add(
        added + 1,
        UsersChanged(update_type=UpdateType.UPDATE_TYPE_ADD, users=[User(user_id=f"u{added}", user_name=LONGEST_NAME)]),
    ):
        added += 1
    run, sequence = merged.take()
    frame = run.frame_after(0, sequence)
    assert frame is not None
    assert (added, sequence) == (len(json.loads(frame)["usersChanged"]["users"]), added)
    assert len(frame.encode()) <= FRAME_MAX_BYTES


def test_a_frame_that_is_too_long_is_never_sent() -> None:
    with pytest.raises(InvariantBroken):
        users_changed(1, "ADD", "€" * (FRAME_MAX_BYTES // 3))


def test_facts_about_other_things_change_no_list() -> None:
    told = Present()
    told.apply(Fact(1, entity("message", "broadcast"), MessageSent(text="hello")))
    assert listed(told.pages(Log().fold(), "a", with_users=True)) == []
