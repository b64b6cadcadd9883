"""Puts a log-in on a relay: with its first offer, and anew when that relay is lost."""

from random import Random

from salon.room.v1.events_pb2 import RelayAssigned
from salon_contracts.errors import Conflict, NotLoggedIn
from salon_kit.log import get_logger

from salon_room.core.facts import Append, Reject
from salon_room.core.placement import RelayStart, assign_relay, choose, present_relay
from salon_room.members.participant import Participant
from salon_room.streams.relays import Relays
from salon_room.views.room_view import CONFLICTS_MAX, RoomView

log = get_logger()


class Placements:
    def __init__(self, relays: Relays, region: str, random: Random) -> None:
        self._relays = relays
        self._region = region
        self._random = random

    def relay_of_room(self, view: RoomView) -> RelayAssigned | None:
        """Where somebody who only watches goes; None if nobody in the room has media."""
        return present_relay(view.state, self._relays.lost)

    async def relay_of(self, who: Participant, prefer_relay_id: str | None = None) -> RelayAssigned:
        """The log-in's relay, assigned now if it has none that lives. `prefer_relay_id` is taken if it lives and the
        room has none yet. Raises NoRelayAvailable or NotLoggedIn."""
        view, session_id = who.view, who.session_id
        chosen = self._choose(prefer_relay_id)

        def decide() -> list[Append] | Reject:
            if not who.is_in:
                return Reject(NotLoggedIn())
            return assign_relay(view.state, who.user_id, session_id, chosen, self._relays.lost)

        for _ in range(CONFLICTS_MAX):
            if await view.carry_out(decide):  # others may have been first in the order of the stream: look again
                placed = view.state.placements.get(session_id)
                log.info("relay-assigned", session_id=session_id, relay_id=placed.event.relay_id if placed else "")
                await view.reconciler.reconcile()  # what was on the relay that is lost
                continue
            return view.state.placements[session_id].event
        raise Conflict(subject=view.state.entity("placement", session_id).subject)

    def _choose(self, prefer_relay_id: str | None) -> RelayStart | None:
        preferred = self._relays.get(prefer_relay_id) if prefer_relay_id else None
        chosen = preferred or choose(self._relays.living(), self._region, self._random)
        return None if chosen is None else RelayStart(chosen.relay_id, chosen.epoch)
