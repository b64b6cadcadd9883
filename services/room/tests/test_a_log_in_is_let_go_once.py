import random
from typing import Any

from salon.room.v1.events_pb2 import RelayAssigned
from salon_contracts.ids import AppId, RoomId, RoomSessionId, UserId
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.settings import BusSettings
from salon_room.core.notices import Receiver
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.views.room_view import RoomKey, RoomView
from salon_room.views.rooms import Rooms

NOTHING: Any = None
"""For what letting go has no use for: events, presence, tasks."""


async def test_who_is_let_go_twice_gives_back_its_own_share_of_the_view_alone() -> None:
    closed: list[tuple[str, str, str]] = []

    def close_transport_later(relay_id: str, transport_id: str, why: str) -> None:
        closed.append((relay_id, transport_id, why))

    bus = Bus(BusSettings(), Identity("room", "node", "epoch"))  # never connected
    rooms = Rooms(bus, NOTHING, NOTHING, random.Random(1), NOTHING, NOTHING, linger_s=0.0)
    logouts = Logouts(NOTHING, NOTHING, rooms, NOTHING, NOTHING, close_transport_later)
    key = RoomKey(AppId(1), RoomId("r"), RoomSessionId("rs_1"))
    view = RoomView(key, NOTHING, NOTHING, random.Random(1), NOTHING, NOTHING)
    view.users = 2  # it and another
    who = Participant(
        view=view,
        user_id=UserId("u"),
        user_name="",
        session_id="s",
        resume_key="",
        permit=NOTHING,
        lease=NOTHING,
        receiver=Receiver("u", "s", wants_user_updates=True),
        port=NOTHING,
    )
    who.remember_transport("out", RelayAssigned(relay_id="relay"))
    view.listeners.attach(who)
    logouts.let_go(who, is_over=False)
    assert (view.users, "s" in view.listeners, closed) == (1, False, [])
    for _ in range(2):
        logouts.let_go(who, is_over=True)
    assert view.users == 1
    assert closed == [("relay", "s.out", "logged-out")]
