"""The fake cloud's room service."""

import asyncio
import contextlib
import re
from dataclasses import dataclass, field
from typing import Self

from aiortc.sdp import SessionDescription
from google.protobuf.json_format import MessageToJson, Parse
from salon.room.v1 import signal_pb2 as pb
from salon_sdk.tasks import TaskOwner
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from salon_testing.fake_cloud.event_log import WAIT_S
from salon_testing.fake_cloud.relay import FakeRelay, PublishedStream

_STOPPED_BY_USER = 1


@dataclass(eq=False)
class Session:
    """One log-in, over all its sockets."""

    id: str
    login: pb.Login
    socket: ServerConnection | None = None
    relays: dict[str, FakeRelay] = field(default_factory=dict)
    told: list[pb.ServerMessage] = field(default_factory=list)
    """Everything with a sequence, for `Resume`."""
    stored: dict[int, pb.Reply] = field(default_factory=dict)
    """By the client's number: what a message that is sent again is answered with."""


class FakeCloud:
    """`async with FakeCloud() as cloud: SalonEngine(1, cloud.url)`"""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[pb.ClientMessage] = []
        self.sessions: dict[str, Session] = {}
        self.streams: dict[str, PublishedStream] = {}
        self.refusals: dict[str, list[pb.Failed]] = {}
        """By request (`login`, `publish`, …): refused with the first of the list as long as there is one."""
        self.held: dict[str, asyncio.Event] = {}
        self.page_items = 0
        """Users and streams in one message of a log-in; 0: all in the reply."""
        self.pages_cut_off = 0
        """So many log-ins lose their connection before their last page."""
        """By request: replies wait for the event."""
        self.repeat_on_resume = 0
        """How many messages that were seen already a resume sends again."""
        self.silent: set[str] = set()
        """Requests that are carried out without a reply; the socket is dropped instead. Once each."""
        self.effects: dict[str, pb.StreamEffects] = {}
        """By stream id: what was asked for last."""
        self.effects_problem = ""
        """Why effects cannot be had; empty: they can."""
        self.heartbeat_interval_ms = 30_000
        self.token_expires_at_unix_s = 0
        self.unreachable = False
        """The relay's addresses lead nowhere."""
        self._forgotten: list[Session] = []
        self._sequence = 0
        self._server: Server | None = None
        self._tasks = TaskOwner("fake-cloud")
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await serve(self._serve, "127.0.0.1", 0, compression=None)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"ws://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for hold in self.held.values():
            hold.set()
        await self.stop_listening()
        for session in [*self.sessions.values(), *self._forgotten]:
            for relay in session.relays.values():
                await relay.close()
        await self._tasks.close()

    # ---- for tests ----

    async def wait_for(self, request: str, count: int = 1) -> list[pb.ClientMessage]:
        """Until that many such requests have come."""
        async with asyncio.timeout(WAIT_S), self._changed:
            while len(found := [each for each in self.received if each.WhichOneof("body") == request]) < count:
                await self._changed.wait()
            return found

    def session_of(self, user_id: str) -> Session:
        return next(each for each in reversed(self.sessions.values()) if each.login.user_id == user_id)

    def refuse(self, request: str, code: int, reason: str, *, retryable: bool = False, times: int = 1) -> None:
        failed = pb.Failed(code=code, reason=reason, message="Refused by the test.", retryable=retryable)
        self.refusals.setdefault(request, []).extend([failed] * times)

    async def drop_socket(self, session: Session) -> None:
        """As if the network had gone."""
        if session.socket is not None:
            session.socket.transport.abort()
            await session.socket.wait_closed()

    def forget(self, session: Session) -> None:
        """Nothing is told to it any more, it cannot be resumed, and its streams are gone."""
        del self.sessions[session.id]
        for stream_id in [each.info.stream_id for each in self.streams.values() if each.session_id == session.id]:
            self.streams.pop(stream_id).received.stop()
        self._forgotten.append(session)

    async def lose_peer_connection(self, user_id: str, peer_connection_id: str, *, told: bool) -> None:
        """The relay's end goes away; the client hears of it from the room, or only from the connection itself."""
        session = self.session_of(user_id)
        relay = session.relays.pop(peer_connection_id)
        if told:
            lost = pb.PeerConnectionLost(peer_connection_id=peer_connection_id, reason="relay-lost")
            await self.tell(session, pb.ServerMessage(peer_connection_lost=lost))
        await relay.close()

    async def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def tell(self, session: Session, message: pb.ServerMessage) -> None:
        """As an event of the room, kept for a resume."""
        self._sequence += 1
        message.sequence = self._sequence
        session.told.append(message)
        await self._send(session.socket, message)

    # ---- the room ----

    async def _serve(self, socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._converse(socket)

    async def _converse(self, socket: ServerConnection) -> None:
        session: Session | None = None
        async for frame in socket:
            message = Parse(frame, pb.ClientMessage())
            async with self._changed:
                self.received.append(message)
                self._changed.notify_all()
            body = message.WhichOneof("body") or ""
            if body == "heartbeat":
                continue
            if (hold := self.held.get(body)) is not None:
                await hold.wait()
            if self.refusals.get(body):
                reply = pb.Reply(failed=self.refusals[body].pop(0))
            else:
                session, reply = await self._reply(message, body, session, socket)
            if body in self.silent:
                self.silent.discard(body)
                socket.transport.abort()
                return
            reply.request_id = message.request_id
            pages = self._cut(reply.logged_in) if reply.WhichOneof("result") == "logged_in" else []
            await self._send(socket, pb.ServerMessage(reply=reply, sequence=self._sequence if body == "login" else 0))
            for page in pages:
                await self._send(socket, page)
            if pages and self.pages_cut_off:
                self.pages_cut_off -= 1
                socket.transport.abort()
                return
            if body == "resume" and reply.WhichOneof("result") == "resumed":
                await self._replay(session, message.resume.last_sequence)
            if body == "logout":
                return

    async def _reply(
        self, message: pb.ClientMessage, body: str, session: Session | None, socket: ServerConnection
    ) -> tuple[Session | None, pb.Reply]:
        if body == "hello":
            return session, pb.Reply(welcome=pb.Welcome(protocol_version=1, server_version="fake"))
        if body == "login":
            return self._login(message.login, socket)
        if body == "resume":
            session = self.sessions.get(message.resume.session_id)
            if session is None:
                gone = pb.Failed(code=1102001, reason="session-gone", message="Gone.")
                return None, pb.Reply(failed=gone)
            session.socket = socket
            return session, pb.Reply(resumed=pb.Resumed(room_session_id="room-session"))
        if session is None:
            return None, pb.Reply(failed=pb.Failed(code=1000002, reason="not-logged-in", message="Log in."))
        match body:
            case "publish":
                reply = await self._publish(session, message.publish)
            case "unpublish":
                await self._remove_stream(message.unpublish.stream_id)
                reply = await self._answer(session, message.unpublish.offer, client_sends=True)
            case "play":
                reply = await self._play(session, message.play)
            case "stop_play":
                reply = await self._answer(session, message.stop_play.offer, client_sends=False)
            case "close_peer_connection":
                relay = session.relays.pop(message.close_peer_connection.peer_connection_id, None)
                if relay is not None:
                    await relay.close()
                reply = pb.Reply(done=pb.Done())
            case "mute_stream":
                reply = await self._mute(session, message.mute_stream)
            case "set_effects":
                reply = self._set_effects(session, message.set_effects)
            case "send_message":
                reply = await self._message(session, message.send_message)
            case "logout":
                await self._leave(session)
                reply = pb.Reply(done=pb.Done())
            case _:
                raise ValueError(body)
        return session, reply

    def _login(self, login: pb.Login, socket: ServerConnection) -> tuple[Session, pb.Reply]:
        session = Session(f"session-{len(self.sessions) + 1}", login, socket)
        others = [each for each in self.sessions.values() if each.login.user_id != login.user_id]
        self.sessions[session.id] = session
        logged_in = pb.LoggedIn(
            session_id=session.id,
            resume_key="key",
            room_session_id="room-session",
            users=[_user(each) for each in others] if login.user_update else [],
            streams=[each.info for each in self.streams.values() if each.info.user.user_id != login.user_id],
            heartbeat_interval_ms=self.heartbeat_interval_ms,
            presence_ttl_ms=90_000,
            token_expires_at_unix_s=self.token_expires_at_unix_s,
        )
        changed = pb.UsersChanged(update_type=pb.UPDATE_TYPE_ADD, users=[_user(session)])
        for each in others:
            if each.login.user_update:
                self._later(each, pb.ServerMessage(users_changed=changed))
        return session, pb.Reply(logged_in=logged_in)

    def _cut(self, logged_in: pb.LoggedIn) -> list[pb.ServerMessage]:
        """What is left of the reply has as many users and streams as a page takes; the pages of the others."""
        if not self.page_items:
            return []
        users, streams = list(logged_in.users), list(logged_in.streams)
        size = self.page_items
        del logged_in.users[size:], logged_in.streams[size:]
        add = pb.UPDATE_TYPE_ADD
        changes = [
            pb.UsersChanged(update_type=add, users=users[at : at + size]) for at in range(size, len(users), size)
        ]
        pages = [pb.ServerMessage(users_changed=changed) for changed in changes]
        for at in range(size, len(streams), size):
            changed = pb.StreamsChanged(update_type=add, streams=streams[at : at + size])
            pages.append(pb.ServerMessage(streams_changed=changed))
        logged_in.pages_to_come = len(pages)
        return pages[:-1] if self.pages_cut_off else pages

    async def _publish(self, session: Session, publish: pb.Publish) -> pb.Reply:
        stream = self.streams.get(publish.stream_id)
        if stream is None or stream.session_id != session.id:
            mids = {track.mid for track in publish.offer.tracks if track.stream_id == publish.stream_id}
            media = SessionDescription.parse(publish.offer.sdp).media
            kinds = [each.kind for each in media if each.rtp.muxId in mids]
            info = pb.Stream(
                stream_id=publish.stream_id,
                user=_user(session),
                extra_info=publish.extra_info,
                kinds=kinds,
                muted_kinds=publish.muted_kinds,
            )
            self.streams[publish.stream_id] = PublishedStream(info, session.id)
            self._tell_streams(session, pb.UPDATE_TYPE_ADD, info)
        if publish.HasField("effects"):
            self.effects[publish.stream_id] = publish.effects
        return await self._answer(session, publish.offer, client_sends=True)

    async def _mute(self, session: Session, asked: pb.MuteStream) -> pb.Reply:
        info = self.streams[asked.stream_id].info
        del info.muted_kinds[:]
        info.muted_kinds.extend(asked.muted_kinds)
        changed = pb.StreamMuteChanged(stream_id=asked.stream_id, muted_kinds=asked.muted_kinds)
        for each in list(self.sessions.values()):
            if each is not session:
                await self.tell(each, pb.ServerMessage(stream_mute_changed=changed))
        return pb.Reply(done=pb.Done())

    def _set_effects(self, session: Session, asked: pb.SetEffects) -> pb.Reply:
        stream = self.streams.get(asked.stream_id)
        if stream is None or stream.session_id != session.id:
            return pb.Reply(failed=pb.Failed(code=1103040, reason="stream-not-yours", message="Not yours."))
        self.effects[asked.stream_id] = asked.effects
        if not asked.effects.enabled:
            return pb.Reply(effects_set=pb.EffectsSet(state=pb.STREAM_EFFECTS_STATE_OFF))
        if self.effects_problem:
            unavailable = pb.STREAM_EFFECTS_STATE_UNAVAILABLE
            return pb.Reply(effects_set=pb.EffectsSet(state=unavailable, problem=self.effects_problem))
        return pb.Reply(effects_set=pb.EffectsSet(state=pb.STREAM_EFFECTS_STATE_ON))

    async def _play(self, session: Session, play: pb.Play) -> pb.Reply:
        if play.stream_id not in self.streams:
            failed = pb.Failed(code=1004002, reason="stream-not-found", message="There is no such stream.")
            return pb.Reply(failed=failed)
        return await self._answer(session, play.offer, client_sends=False)

    async def _answer(self, session: Session, offer: pb.Offer, *, client_sends: bool) -> pb.Reply:
        relay = session.relays.get(offer.peer_connection_id)
        if relay is None:
            relay = session.relays[offer.peer_connection_id] = FakeRelay(self.streams, self._tasks)
        if self.unreachable:
            offer.sdp = re.sub(r"a=candidate:.*\r\n", "", offer.sdp)
        answer = await relay.negotiate(offer, client_sends=client_sends)
        if self.unreachable:
            answer = re.sub(r"(a=candidate:\S+ 1 udp \d+) \S+ \d+", r"\1 127.0.0.1 9", answer)
        return pb.Reply(answer=pb.Answer(sdp=answer))

    async def _message(self, session: Session, sent: pb.SendMessage) -> pb.Reply:
        if sent.message_number in session.stored:
            return session.stored[sent.message_number]
        received = pb.MessageReceived(
            kind=sent.kind, message_id=self._sequence + 1, from_user=_user(session), text=sent.text, sent_at_unix_ms=1
        )
        for each in list(self.sessions.values()):
            if each is not session and (not sent.to_user_ids or each.login.user_id in sent.to_user_ids):
                await self.tell(each, pb.ServerMessage(message_received=received))
        reply = pb.Reply(message_accepted=pb.MessageAccepted(message_id=received.message_id, sent_at_unix_ms=1))
        if sent.message_number:
            session.stored[sent.message_number] = reply
        return reply

    async def _remove_stream(self, stream_id: str) -> None:
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            stream.received.stop()
            self._tell_streams(self.sessions[stream.session_id], pb.UPDATE_TYPE_DELETE, stream.info)

    async def _leave(self, session: Session) -> None:
        for stream in [each for each in self.streams.values() if each.session_id == session.id]:
            await self._remove_stream(stream.info.stream_id)
        del self.sessions[session.id]
        changed = pb.UsersChanged(update_type=pb.UPDATE_TYPE_DELETE, users=[_user(session)])
        for each in self.sessions.values():
            if each.login.user_update:
                self._later(each, pb.ServerMessage(users_changed=changed))
        for relay in session.relays.values():
            await relay.close()

    async def _replay(self, session: Session | None, last_sequence: int) -> None:
        if session is None:
            return
        first = last_sequence - self.repeat_on_resume
        for message in [each for each in session.told if each.sequence > first]:
            await self._send(session.socket, message)

    def _tell_streams(self, session: Session, update: pb.UpdateType.ValueType, info: pb.Stream) -> None:
        reasons = [_STOPPED_BY_USER] if update == pb.UPDATE_TYPE_DELETE else []
        changed = pb.StreamsChanged(update_type=update, streams=[info], delete_reasons=reasons)
        for each in self.sessions.values():
            if each is not session:
                self._later(each, pb.ServerMessage(streams_changed=changed))

    def _later(self, session: Session, message: pb.ServerMessage) -> None:
        self._tasks.spawn(self.tell(session, message), name="tell")

    async def _send(self, socket: ServerConnection | None, message: pb.ServerMessage) -> None:
        if socket is None:
            return
        with contextlib.suppress(ConnectionClosed):  # a resume brings it
            await socket.send(MessageToJson(message, indent=None))


def _user(session: Session) -> pb.User:
    return pb.User(user_id=session.login.user_id, user_name=session.login.user_name)
