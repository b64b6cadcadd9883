"""The peer connections of log-ins, each at a relay: offers go there and answers come back; what is lost is reported."""

from salon.relay.v1.relay_pb2 import Negotiate, Negotiated
from salon.room.v1.events_pb2 import RelayAssigned
from salon_contracts.errors import SalonError
from salon_contracts.ids import parse_peer_connection_id

from salon_room.core.notices import Notice, OneSession, relay_lost
from salon_room.core.signal_json import encode
from salon_room.members.participant import Participant
from salon_room.streams.relays import Relays
from salon_room.views.rooms import Rooms


class PeerConnections:
    def __init__(self, rooms: Rooms, relays: Relays) -> None:
        self._rooms = rooms
        self._relays = relays

    async def negotiate(self, who: Participant, name: str, relay: RelayAssigned, order: Negotiate) -> Negotiated:
        """The relay's answer; the log-in has the peer connection `name` there from then on."""
        is_new = name not in who.transports
        who.remember_transport(name, relay)
        try:
            return await self._relays.negotiate(relay.relay_id, order, is_new=is_new)
        except SalonError:
            if is_new:
                who.forget_transport(name)
            raise

    async def close(self, who: Participant, name: str) -> None:
        transport_id = who.transport_id(parse_peer_connection_id(name))
        placement = who.view.state.placement_of(who.session_id)
        relay = who.forget_transport(name) or (placement.event if placement is not None else None)
        if relay is not None:
            await self._relays.close_transport(relay.relay_id, transport_id, "closed-by-client")

    def report_lost(self) -> None:
        """A relay may have died: whoever had a peer connection there gets a notice, what was on it is removed."""
        for view in self._rooms.views():
            view.reconciler.look()
            for listener in view.listeners:
                if isinstance(listener, Participant):
                    self._report_lost(listener)

    def _report_lost(self, who: Participant) -> None:
        for name, relay in list(who.transports.items()):
            if self._relays.lost(relay.relay_id, relay.relay_epoch):
                who.forget_transport(name)
                message = relay_lost(name)
                who.send(Notice(OneSession(who.session_id), message), encode(message))
                who.port.transport_lost(name)
