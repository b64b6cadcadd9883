"""Resume: a living log-in goes on on a new connection, at this instance or another, and nothing it missed is lost."""

from salon.relay.v1.relay_pb2 import TransportOpened
from salon.room.v1.events_pb2 import Presence
from salon_contracts.errors import SessionGone
from salon_contracts.ids import AppId, RoomId, RoomSessionId, UserId
from salon_contracts.subjects import room_session_events
from salon_kit.events import Events

from salon_room.core.connection.inputs import End
from salon_room.core.facts import Fact
from salon_room.core.notices import Receiver, includes, notices, peer_connection_id, relay_lost
from salon_room.core.placement import RelayLost, is_transport_lost
from salon_room.core.signal_json import encode
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant, ParticipantPort
from salon_room.members.presence import PresenceBook
from salon_room.members.tokens import Permit
from salon_room.quotas import ClientAddress, Quotas
from salon_room.views.room_view import RoomKey, RoomView
from salon_room.views.rooms import Rooms

READ_EVENTS = 1000
"""Events read at a time."""


class Resumes:
    def __init__(
        self,
        events: Events,
        rooms: Rooms,
        presence: PresenceBook,
        logouts: Logouts,
        relay_lost: RelayLost,
        quotas: Quotas,
        *,
        max_events: int,
    ) -> None:
        self._events = events
        self._rooms = rooms
        self._presence = presence
        self._logouts = logouts
        self._relay_lost = relay_lost
        self._quotas = quotas
        self._max_events = max_events

    async def resume(
        self,
        app_id: AppId,
        user_id: UserId,
        session_id: str,
        resume_key: str,
        last_sequence: int,
        address: ClientAddress,
        port: ParticipantPort,
    ) -> tuple[Participant, list[str]]:
        """The log-in on a new connection, and the frames it missed: they come before what `port` is notified of
        meanwhile."""
        lease = await self._presence.resume(app_id, user_id, session_id, resume_key)
        # Not before it is proved whose it is: a stranger must not use up what a user has.
        self._quotas.resume(app_id, user_id)
        record = lease.record
        key = RoomKey(app_id, RoomId(record.room_id), RoomSessionId(record.room_session_id))
        view = await self._rooms.acquire(key)
        keep = False
        try:
            await view.catch_up(view.state.entity("user", user_id))
            member = view.state.members.get(user_id)
            if member is None or member.event.session_id != session_id:
                raise SessionGone
            receiver = Receiver(user_id, session_id, record.wants_user_updates)
            participant = Participant(
                view,
                user_id,
                record.user_name,
                session_id,
                resume_key,
                _permit(record),
                lease,
                receiver,
                port,
                address,
            )
            after, through = max(last_sequence, member.sequence), view.position
            participant.after_sequence = max(after, through)
            before = view.listeners.attach(participant)
            if isinstance(before, Participant):
                before.port.end(End.RESUMED_ELSEWHERE)
            try:
                frames = await self._missed(view, after, through, receiver)
                frames += await self._lost_transports(participant)
            except BaseException:
                participant.detach()
                raise
            keep = True
            return participant, frames
        finally:
            if not keep:
                self._rooms.release(view)

    async def _missed(self, view: RoomView, after: int, through: int, receiver: Receiver) -> list[str]:
        key = view.key
        frames: list[str] = []
        filters = [room_session_events(key.app_id, key.room_id, key.room_session_id)]
        read = 0
        while after < through:
            events = await self._events.read_after(filters, after, max_events=READ_EVENTS)
            for event in events:
                if event.sequence <= through and event.message is not None:
                    fact = Fact(event.sequence, event.entity, event.message)
                    frames += [encode(each.message) for each in notices(fact) if includes(each.audience, receiver)]
            read += len(events)
            if read > self._max_events:
                raise SessionGone
            if len(events) < READ_EVENTS:
                break
            after = events[-1].sequence
        return frames

    async def _lost_transports(self, participant: Participant) -> list[str]:
        """Which peer connections the log-in has, and a notice for each whose relay is gone."""
        frames = []
        state = participant.view.state
        placement = state.placement_of(participant.session_id)
        for event in await self._logouts.open_transports(participant.view.key, participant.session_id):
            name = peer_connection_id(event.entity.key or "", participant.session_id)
            if name is None or not isinstance(event.message, TransportOpened) or placement is None:
                continue
            if is_transport_lost(state, event.sequence, event.message.relay_id, placement, self._relay_lost):
                frames.append(encode(relay_lost(name)))
            else:
                participant.transports[name] = placement.event
        return frames


def _permit(record: Presence) -> Permit:
    return Permit(
        user_id=record.user_id,
        expires_at_unix_s=record.token_expires_at_unix_s,
        may_log_in=True,
        may_publish=record.may_publish,
        stream_ids=tuple(record.publishable_stream_ids),
        play_room_ids=tuple(record.playable_room_ids),
    )
