"""Who and what is in a room, as text for newcomers: each user and stream is encoded once, not once for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from salon.room.v1.events_pb2 import StreamAdded, StreamRemoved, UserLoggedIn, UserLoggedOut

from salon_room.core.facts import Fact
from salon_room.core.notices import stream_view
from salon_room.core.pages import PAGE_MAX_BYTES, PagedItems, in_pages, size_of
from salon_room.core.room_state import RoomState
from salon_room.core.signal_json import streams_page, text_of, user_text, users_changed


class Present:
    def __init__(self) -> None:
        self._users = PagedItems()
        self._streams: dict[str, str] = {}

    def apply(self, fact: Fact) -> None:
        """After the fold has taken it."""
        match fact.body:
            case UserLoggedIn() as event:
                self._users.put(event.user_id, user_text(event.user_id, event.user_name))
            case UserLoggedOut() as event:
                self._users.remove(event.user_id)
            case StreamAdded() as event:
                self._streams[event.stream_id] = text_of(stream_view(event))
            case StreamRemoved() as event:
                self._streams.pop(event.stream_id, None)
            case _:
                pass

    def pages(self, state: RoomState, user_id: str, *, with_users: bool) -> "Pages":
        """What this user finds. `state` is the fold."""
        streams = in_pages(
            self._streams[each.event.stream_id] for each in state.live_streams() if each.event.user_id != user_id
        )
        users = self._users.pages(without=user_id) if with_users else []
        first_streams = streams.pop(0) if streams else ""
        fits = users and size_of(users[0]) + size_of(first_streams) <= PAGE_MAX_BYTES
        return Pages(users.pop(0) if fits else "", first_streams, users, streams)


@dataclass(frozen=True, slots=True)
class Pages:
    """Each as the items of a JSON list; PAGE_MAX_BYTES at most in one frame."""

    first_users: str
    first_streams: str
    """These two are in the reply."""
    users: Sequence[str]
    streams: Sequence[str]

    def frames(self) -> list[str]:
        """What follows the reply."""
        return [
            *(users_changed(0, "ADD", items) for items in self.users),
            *(streams_page(items) for items in self.streams),
        ]
