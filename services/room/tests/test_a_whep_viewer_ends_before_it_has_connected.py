"""The room's tail and the relay by hand: what they say and when is what this is about."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from salon.room.v1.events_pb2 import RelayAssigned
from salon_contracts.errors import TransportNotFound
from salon_contracts.ids import AppId, RoomId, RoomSessionId, TransportId
from salon_room.core.quotas import Counts, Place
from salon_room.http.viewer_places import ViewerPlaces
from salon_room.http.whep_viewers import PEER_CONNECTION, WhepViewers, _session_id
from salon_room.views.room_view import RoomKey

KEY = RoomKey(AppId(1), RoomId("r"), RoomSessionId("rs_1"))
VIEWER = TransportId(f"{_session_id('v_1', 'viewer')}.{PEER_CONNECTION}")


class RoomByHand:
    """Its publishers have left: it has no relay. The relay closes what it is told to and says so."""

    def __init__(self) -> None:
        self.closed: list[tuple[str, str]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.view: Any = SimpleNamespace(state=SimpleNamespace(closed_transports=set()), viewer_ended={})

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        self.tasks.append(asyncio.create_task(work, name=name))
        return self.tasks[-1]

    @asynccontextmanager
    async def following(self, _: RoomKey) -> AsyncIterator[Any]:
        yield self.view

    def lost(self, relay_id: str, relay_epoch: str) -> bool:
        return False

    async def close_transport(self, relay_id: str, transport_id: str, _: str) -> None:
        self.closed.append((relay_id, transport_id))
        self.view.state.closed_transports.add(transport_id)
        self.view.viewer_ended[transport_id]()

    async def last(self, _: object) -> None:
        """No event says anything of the viewer."""

    async def verify(self, *_: object) -> Any:
        return SimpleNamespace(user_id="viewer")

    def viewer_stops(self, *_: object) -> None: ...

    def relay_of_room(self, _: object) -> None: ...


async def test_its_relay_is_known_where_it_began_although_the_publishers_have_left() -> None:
    room: Any = RoomByHand()
    places = ViewerPlaces(room, room, room.spawn)
    viewers = WhepViewers(room, room, room, room, room, room, places, room)
    count = Counts(1, "viewers")
    count.add("viewer")
    places.keep(Place([(count, "viewer")]), KEY, VIEWER, RelayAssigned(relay_id="relay"))
    await asyncio.sleep(0)
    await viewers.stop(KEY, VIEWER, "token")
    assert room.closed == [("relay", VIEWER)]
    await asyncio.wait(room.tasks, timeout=5.0)
    assert count.held("viewer") == 0
    with pytest.raises(TransportNotFound):  # it is forgotten with its place
        await viewers.stop(KEY, VIEWER, "token")
    assert len(room.closed) == 1
