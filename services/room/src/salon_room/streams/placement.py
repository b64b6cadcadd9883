"""Which relay a room session's media is on: assigned by the first offer, anew when that relay is lost."""

from random import Random

from salon.room.v1.events_pb2 import RelayAssigned
from salon_contracts.errors import NoRelayAvailable
from salon_kit.log import get_logger

from salon_room.core import decisions
from salon_room.core.facts import Append
from salon_room.core.placement import choose
from salon_room.streams.relays import Relays
from salon_room.views.room_view import RoomView

log = get_logger()


class Placement:
    def __init__(self, relays: Relays, region: str, random: Random) -> None:
        self._relays = relays
        self._region = region
        self._random = random

    async def relay_of(self, view: RoomView, prefer_relay_id: str | None = None) -> RelayAssigned:
        """The room's relay, assigned now if it has none that lives. `prefer_relay_id` is taken if it lives and the room
        has none yet. Raises NoRelayAvailable."""
        present = view.state.placement
        if present is not None and not self._relays.lost(present.relay_id, present.relay_epoch):
            return present
        await view.carry_out(lambda: self._assign(view, prefer_relay_id))
        await view.settle()  # what was on the relay that is lost
        assigned = view.state.placement
        if assigned is None:
            raise NoRelayAvailable
        return assigned

    def _assign(self, view: RoomView, prefer_relay_id: str | None) -> list[Append]:
        preferred = self._relays.get(prefer_relay_id) if prefer_relay_id else None
        chosen = preferred or choose(self._relays.living(), self._region, self._random)
        if chosen is None:
            raise NoRelayAvailable
        appends = decisions.assign_relay(view.state, chosen.relay_id, chosen.epoch, self._relays.lost)
        if appends:
            log.info("relay-assigned", room_id=view.key.room_id, relay_id=chosen.relay_id)
        return appends
