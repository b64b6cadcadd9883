"""What a logged-in client can ask for, and the replies to all requests."""

from dataclasses import dataclass

from salon.room.v1.events_pb2 import LogoutReason
from salon.room.v1.signal_pb2 import (
    Answer,
    ClientMessage,
    Done,
    EffectsSet,
    LoggedIn,
    MessageAccepted,
    Offer,
    Reply,
    Resumed,
    ServerMessage,
    StopPlay,
    Unpublish,
    Welcome,
)
from salon_contracts.errors import RequestMalformed, SalonError

from salon_room import metrics
from salon_room.background import Background
from salon_room.config import RoomSettings
from salon_room.core import event_bytes
from salon_room.core.effects import effects_request_of
from salon_room.core.signal_json import check_answer, encode, with_present
from salon_room.error_codes import Asked, failed
from salon_room.members.logins import Logins
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.members.presence import PresenceBook
from salon_room.members.resumes import Resumes
from salon_room.quotas import Quotas
from salon_room.signaling.messages import Messages
from salon_room.streams.effects import Effects
from salon_room.streams.peer_connections import PeerConnections
from salon_room.streams.plays import Plays
from salon_room.streams.publications import Publications

Result = Welcome | Resumed | Done | Answer | MessageAccepted | EffectsSet
_FIELD: dict[type, str] = {
    Welcome: "welcome",
    Resumed: "resumed",
    Done: "done",
    Answer: "answer",
    MessageAccepted: "message_accepted",
    EffectsSet: "effects_set",
}
_ASKED = {
    "publish": Asked.PUBLISH,
    "unpublish": Asked.PUBLISH,
    "mute_stream": Asked.PUBLISH,
    "set_effects": Asked.EFFECTS,
    "play": Asked.PLAY,
    "stop_play": Asked.PLAY,
    "send_message": Asked.MESSAGE,
}
OFFERING = frozenset({"publish", "unpublish", "play", "stop_play"})


@dataclass(frozen=True, slots=True)
class Verbs:
    """What a session can ask for."""

    settings: RoomSettings
    quotas: Quotas
    background: Background
    presence: PresenceBook
    logins: Logins
    resumes: Resumes
    logouts: Logouts
    publications: Publications
    plays: Plays
    peer_connections: PeerConnections
    effects: Effects
    messages: Messages


async def perform(verbs: Verbs, who: Participant, kind: str, message: ClientMessage) -> Result:
    """Carries out one request, if its user may have it. Raises the SalonError to answer with."""
    offer = _offer_in(kind, message)
    if offer is None:
        return await _carry_out(verbs, who, kind, message)
    with verbs.quotas.offer(who.app_id, who.user_id, who.address):
        _take_for_offer(verbs.quotas, who, kind, message, offer)
        return await _carry_out(verbs, who, kind, message)


def _take_for_offer(quotas: Quotas, who: Participant, kind: str, message: ClientMessage, offer: Offer) -> None:
    """Raises RateLimited or QuotaExceeded."""
    size_bytes = 0
    if kind == "publish":
        publish = message.publish
        size_bytes += event_bytes.of_publish(publish.stream_id, who.user_name, publish.extra_info)
        if publish.HasField("effects"):
            has_effects = who.view.state.has_effects(publish.stream_id, who.session_id)
            size_bytes += event_bytes.of_effects(has_effects=has_effects)
    if offer.peer_connection_id in who.transports:
        quotas.events(who.app_id, who.user_id, size_bytes)
    else:
        who.check_transport(offer.peer_connection_id)
        quotas.peer_connection(who.app_id, who.user_id, size_bytes + event_bytes.of_peer_connection())


async def _carry_out(verbs: Verbs, who: Participant, kind: str, message: ClientMessage) -> Result:
    match kind:
        case "publish":
            publish = message.publish
            wish = effects_request_of(publish.effects) if publish.HasField("effects") else None
            sdp = await verbs.publications.publish(
                who, publish.stream_id, publish.extra_info, publish.offer, wish, publish.muted_kinds
            )
            return Answer(sdp=check_answer(sdp))
        case "mute_stream":
            await verbs.publications.mute(who, message.mute_stream.stream_id, message.mute_stream.muted_kinds)
            return Done()
        case "unpublish":
            unpublish = message.unpublish
            return _answer(await verbs.publications.unpublish(who, unpublish.stream_id, _offer(unpublish)))
        case "play":
            return Answer(sdp=check_answer(await verbs.plays.play(who, message.play.stream_id, message.play.offer)))
        case "stop_play":
            stop = message.stop_play
            return _answer(await verbs.plays.stop(who, stop.stream_id, _offer(stop)))
        case "close_peer_connection":
            name = message.close_peer_connection.peer_connection_id
            await verbs.publications.remove_from(who, name)
            await verbs.peer_connections.close(who, name)
            return Done()
        case "set_effects":
            return await verbs.effects.set(who, message.set_effects.stream_id, message.set_effects.effects)
        case "send_message":
            return await verbs.messages.send(who, message.send_message)
        case "logout":
            await verbs.logouts.log_out(who, LogoutReason.LOGOUT_REASON_LEFT)
            return Done()
        case _:
            raise RequestMalformed(problem="the request is not known")


def logged_in_frames(request_id: int, who: Participant, settings: RoomSettings) -> list[str]:
    """What the newcomer finds, as of the view's position: the reply, and the pages that follow it."""
    view = who.view
    pages = view.present.pages(view.state, who.user_id, with_users=who.receiver.wants_user_updates)
    others = pages.frames()
    result = LoggedIn(
        session_id=who.session_id,
        resume_key=who.resume_key,
        room_session_id=view.state.room_session_id,
        heartbeat_interval_ms=round(settings.heartbeat_interval_s * 1000),
        presence_ttl_ms=settings.presence_ttl_s * 1000,
        token_expires_at_unix_s=who.permit.expires_at_unix_s,
        pages_to_come=len(others),
    )
    metrics.REQUESTS.labels(kind="login", result="ok").inc()
    reply = ServerMessage(sequence=view.position, reply=Reply(request_id=request_id, logged_in=result))
    return [with_present(reply, pages.first_users, pages.first_streams), *others]


def reply_frame(request_id: int, kind: str, result: Result) -> str:
    metrics.REQUESTS.labels(kind=kind, result="ok").inc()
    reply = Reply(request_id=request_id)
    getattr(reply, _FIELD[type(result)]).CopyFrom(result)
    return encode(ServerMessage(reply=reply))


def failed_frame(request_id: int, kind: str, error: SalonError) -> str:
    metrics.REQUESTS.labels(kind=kind, result=error.code).inc()
    reply = Reply(request_id=request_id, failed=failed(error, _ASKED.get(kind, Asked.ROOM)))
    return encode(ServerMessage(reply=reply))


def _offer_in(kind: str, message: ClientMessage) -> Offer | None:
    match kind:
        case "publish":
            return message.publish.offer
        case "play":
            return message.play.offer
        case "unpublish":
            return _offer(message.unpublish)
        case "stop_play":
            return _offer(message.stop_play)
        case _:
            return None


def _offer(message: Unpublish | StopPlay) -> Offer | None:
    return message.offer if message.HasField("offer") else None


def _answer(sdp: str | None) -> Result:
    return Done() if sdp is None else Answer(sdp=check_answer(sdp))
