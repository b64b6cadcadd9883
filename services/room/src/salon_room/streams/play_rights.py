"""Who may play what: the streams of the room that was logged in to, and those of other rooms that the token names.

Every stream that an offer binds is looked at, not only the one it is said to be about. A stream that is there and may
not be played is answered like one that is not there: nobody learns what other rooms have. The relay looks again, by the
order's `playable_room_ids`.
"""

from collections.abc import Set

from salon.room.v1.events_pb2 import StreamAdded
from salon_contracts.errors import StreamNotFound
from salon_contracts.ids import StreamId

from salon_room.members.tokens import Permit
from salon_room.streams.stream_id_reservations import StreamIdReservations
from salon_room.views.room_view import RoomView


class PlayRights:
    def __init__(self, reservations: StreamIdReservations) -> None:
        self._reservations = reservations

    async def find(self, view: RoomView, permit: Permit, stream_id: StreamId) -> StreamAdded:
        """The stream, if who is in the view's room with this permit may play it. Raises StreamNotFound."""
        present = view.state.streams.get(stream_id)
        if present is not None:
            return present.event
        # Of another room, or of this one and so new that the view does not have it yet.
        app_id = view.key.app_id
        held = await self._reservations.holder(app_id, stream_id)
        if held is None or not permit.may_play_in(held.room_id, view.key.room_id):
            raise StreamNotFound(stream_id=stream_id)
        event = await self._reservations.stream_of(app_id, stream_id, held)
        if event is None:
            raise StreamNotFound(stream_id=stream_id)
        return event

    async def check(
        self, view: RoomView, permit: Permit, bound: Set[StreamId], played_before: Set[StreamId] | None
    ) -> None:
        """All of `bound` may be played, or was on this peer connection (None: may have been) and has ended: the relay
        makes its section inactive. Raises StreamNotFound."""
        for stream_id in sorted(bound - view.state.streams.keys()):
            may_have_ended = played_before is None or stream_id in played_before
            held = None
            if may_have_ended or permit.play_room_ids:  # else whatever is found does not matter
                held = await self._reservations.holder(view.key.app_id, stream_id)
            if held is None and may_have_ended:
                continue
            if held is None or not permit.may_play_in(held.room_id, view.key.room_id):
                raise StreamNotFound(stream_id=stream_id)
