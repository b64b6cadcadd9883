"""One log-in of one user to one room: who and what is there, and what the app is told about it."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Iterable, Sequence

from salon.room.v1 import signal_pb2 as pb

from salon_sdk.connection import RoomConnection
from salon_sdk.errors import EngineError, ErrorCode
from salon_sdk.events import EventName, Handlers, PlayerStateUpdate, RoomMessage, StreamInfo, UpdateName, User
from salon_sdk.player import Player
from salon_sdk.publisher import Publisher
from salon_sdk.states import ConnectionState
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing

_DELETE_DESCRIPTIONS = {
    1: "stopped_by_user",
    2: "heartbeat_timeout",
    3: "repeated_login",
    4: "kicked",
    5: "disconnected",
    6: "remove_by_server",
}
_KICKED = frozenset({ErrorCode.KICKED_BY_OTHER_LOGIN, ErrorCode.KICKED_BY_SERVER, ErrorCode.DUPLICATE_LOGIN})


class Room:
    """From `login` to `close`. Its connection calls it as listener."""

    def __init__(
        self,
        servers: Sequence[str],
        login: pb.Login,
        handlers: Handlers,
        on_ended: Callable[["Room", EngineError], None],
        timing: Timing,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self.id = login.room_id
        self._login = login
        self._handlers = handlers
        self._on_ended = on_ended
        self._timing = timing
        self._tasks = TaskOwner(f"salon-{login.user_id}")
        self._token_watch: asyncio.Task[None] | None = None
        self._users: dict[str, User] = {}
        self._streams: dict[str, StreamInfo] = {}
        self._muted_kinds: dict[str, frozenset[str]] = {}
        """By stream id, of the others' streams."""
        self._last_message_number = 0
        self.connection = RoomConnection(servers, login, self._tasks, self, timing, ssl_context)
        self.publisher = Publisher(
            self.connection,
            self._tasks,
            timing,
            self._emitter("publisher_state_update"),
            self._emitter("beauty_effect_error"),
        )
        self.player = Player(self.connection, self._tasks, timing, self._player_changed)

    @property
    def state(self) -> ConnectionState:
        return self.connection.state

    async def login(self) -> None:
        """Tells the app LOGINING, LOGINED, who is there and what is there, in this order. Raises EngineError."""
        self._tell_state("LOGINING", "CONNECTING", 0)
        try:
            logged_in = await self.connection.login()
        except EngineError as error:
            self._tell_state("LOGIN_FAILED", "DISCONNECTED", error.error_code, error.extended_data)
            raise
        self._tell_state("LOGINED", "CONNECTED", 0, json.dumps({"room_session_id": logged_in.room_session_id}))
        self._tell_difference(logged_in)
        self._watch_token()
        self.connection.start()

    async def logout(self) -> None:
        await self.close(None)
        self._tell_state("LOGOUT", "DISCONNECTED", 0)

    async def close(self, error: EngineError | None) -> None:
        """Ends everything; the streams end with the error if there is one."""
        await self.connection.close()  # first: the others shall hear that the user left, not that media was lost
        await self.publisher.close(error)
        await self.player.close(error)
        await self._tasks.close()

    def renew_token(self, token: str) -> None:
        self.connection.renew_token(token)
        if self._token_watch is not None:
            self._token_watch.cancel()

    async def send(self, kind: pb.SignalMessageKind.ValueType, text: str, to: Sequence[str] = ()) -> pb.MessageAccepted:
        self._last_message_number += 1
        number = self._last_message_number
        message = pb.SendMessage(kind=kind, text=text, to_user_ids=to, message_number=number)
        await self.connection.wait_online_or_over()
        session_id = self.connection.logged_in.session_id
        while True:
            try:
                return (await self.connection.request(pb.ClientMessage(send_message=message))).message_accepted
            except EngineError as error:
                if error.error_code != ErrorCode.SOCKET_CLOSED:
                    raise
                await self.connection.wait_online_or_over()
                if self.connection.logged_in.session_id != session_id:
                    raise  # perhaps it was stored; a new log-in cannot be told that it is the same

    # ---- what the connection tells ----

    def on_message(self, message: pb.ServerMessage) -> None:
        match message.WhichOneof("body"):
            case "users_changed":
                self._users_changed(message.users_changed)
            case "streams_changed":
                self._streams_changed(message.streams_changed)
            case "message_received":
                self._message_received(message.message_received)
            case "stream_mute_changed":
                self._mute_changed(message.stream_mute_changed)
            case "effects_state_changed":
                self.publisher.effects_changed(message.effects_state_changed)
            case "peer_connection_lost":
                self.publisher.peer_lost(message.peer_connection_lost.peer_connection_id)
                self.player.peer_lost(message.peer_connection_lost.peer_connection_id)
            case _:
                pass  # of a newer version

    def on_reconnecting(self) -> None:
        self._tell_state("RECONNECTING", "CONNECTING", ErrorCode.NETWORK_BROKEN)

    def on_reconnected(self, fresh: pb.LoggedIn | None) -> None:
        self._tell_state("RECONNECTED", "CONNECTED", 0)
        if fresh is not None:
            self.publisher.session_lost()
            self.player.session_lost()
            self._tell_difference(fresh)
            self._watch_token()

    def on_ended(self, error: EngineError) -> None:
        reason = "KICKOUT" if error.error_code in _KICKED else "RECONNECT_FAILED"
        self._tell_state(reason, "DISCONNECTED", error.error_code, error.extended_data)
        self._on_ended(self, error)

    # ---- what the app is told ----

    def _users_changed(self, changed: pb.UsersChanged) -> None:
        """A resume may repeat what was told: only what is new is."""
        users = [_user(user) for user in changed.users]
        if changed.update_type == pb.UPDATE_TYPE_ADD:
            self._tell_users("ADD", [user for user in users if user.user_id not in self._users])
        elif changed.update_type == pb.UPDATE_TYPE_DELETE:
            self._tell_users("DELETE", [user for user in users if user.user_id in self._users])

    def _streams_changed(self, changed: pb.StreamsChanged) -> None:
        streams = [_stream(stream) for stream in changed.streams]
        if changed.update_type == pb.UPDATE_TYPE_ADD:
            self._learn_muted(changed.streams)
            self._tell_streams("ADD", streams)
        elif changed.update_type == pb.UPDATE_TYPE_DELETE:
            known = [self._streams.get(stream.stream_id, stream) for stream in streams]
            self._tell_streams("DELETE", known, changed.delete_reasons)
            for stream in streams:
                self._muted_kinds.pop(stream.stream_id, None)

    def _mute_changed(self, changed: pb.StreamMuteChanged) -> None:
        if changed.stream_id in self._muted_kinds:
            self._muted_kinds[changed.stream_id] = frozenset(changed.muted_kinds)
            self._tell_muted(changed.stream_id)

    def _learn_muted(self, streams: Iterable[pb.Stream]) -> None:
        for stream in streams:
            self._muted_kinds[stream.stream_id] = frozenset(stream.muted_kinds)
            self._tell_muted(stream.stream_id)

    def _message_received(self, received: pb.MessageReceived) -> None:
        sender = _user(received.from_user)
        if received.kind == pb.SIGNAL_MESSAGE_KIND_COMMAND:
            self._handlers.emit("im_recv_custom_command", self.id, sender, received.text)
            return
        barrage = received.kind == pb.SIGNAL_MESSAGE_KIND_BARRAGE
        event: EventName = "im_recv_barrage_message" if barrage else "im_recv_broadcast_message"
        message = RoomMessage(sender, received.text, received.sent_at_unix_ms, received.message_id)
        self._handlers.emit(event, self.id, [message])

    def _tell_difference(self, present: pb.LoggedIn) -> None:
        """What a new log-in finds, compared with what the app knows: all of it the first time."""
        users = {user.user_id: _user(user) for user in present.users}
        streams = {stream.stream_id: _stream(stream) for stream in present.streams}
        gone = [stream for stream in self._streams.values() if streams.get(stream.stream_id) != stream]
        self._tell_streams("DELETE", gone)
        self._tell_users("DELETE", [user for user in self._users.values() if user.user_id not in users])
        self._tell_users("ADD", [user for user in users.values() if user.user_id not in self._users])
        self._muted_kinds = {}
        self._learn_muted(present.streams)
        self._tell_streams("ADD", [stream for stream in streams.values() if stream.stream_id not in self._streams])

    def _tell_users(self, update: UpdateName, users: list[User]) -> None:
        if not users:
            return
        for user in users:
            if update == "ADD":
                self._users[user.user_id] = user
            else:
                self._users.pop(user.user_id, None)
        self._handlers.emit("room_user_update", self.id, update, users)

    def _tell_streams(self, update: UpdateName, streams: list[StreamInfo], reasons: Sequence[int] = ()) -> None:
        if not streams:
            return
        for stream in streams:
            if update == "ADD":
                self._streams[stream.stream_id] = stream
            else:
                self._streams.pop(stream.stream_id, None)
        extended_data = ""
        if update == "DELETE":
            codes = [*reasons, *[5] * (len(streams) - len(reasons))]
            told = [
                {"stream_id": stream.stream_id, "code": code, "description": _DELETE_DESCRIPTIONS.get(code, "")}
                for stream, code in zip(streams, codes, strict=False)
            ]
            extended_data = json.dumps({"stream_delete_reason": told})
        self._handlers.emit("room_stream_update", self.id, update, streams, extended_data)
        for stream in streams:  # the app had its say; what it still plays pauses or goes on
            if update == "ADD":
                self.player.stream_added(stream.stream_id)
            else:
                self.player.stream_removed(stream.stream_id)

    def _player_changed(self, update: PlayerStateUpdate) -> None:
        self._handlers.emit("player_state_update", update)
        self._tell_muted(update.stream_id)

    def _tell_muted(self, stream_id: str) -> None:
        playback = self.player.playback(stream_id)
        if playback is None:
            return
        for kind, muted in playback.learn_muted(self._muted_kinds.get(stream_id, frozenset())):
            event: EventName = "remote_camera_status_update" if kind == "video" else "remote_mic_status_update"
            self._handlers.emit(event, stream_id, "MUTE" if muted else "OPEN")

    def _tell_state(self, reason: str, state: str, error_code: int, extended_data: str = "") -> None:
        self._handlers.emit("room_state_changed", self.id, reason, int(error_code), extended_data)
        self._handlers.emit("room_state_update", self.id, state, int(error_code), extended_data)

    def _emitter(self, event: EventName) -> Callable[[object], None]:
        return lambda update: self._handlers.emit(event, update)

    def _watch_token(self) -> None:
        if self._token_watch is not None:
            self._token_watch.cancel()
        expires_at_unix_s = self.connection.logged_in.token_expires_at_unix_s
        if expires_at_unix_s > 0:
            self._token_watch = self._tasks.spawn(self._warn_before(expires_at_unix_s), name="token-watch")

    async def _warn_before(self, expires_at_unix_s: int) -> None:
        while (left_s := expires_at_unix_s - self._timing.token_warning_s - time.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left_s, 3_600))  # wall time may be set meanwhile
        self._handlers.emit("token_will_expire", self.id)


def _user(user: pb.User) -> User:
    return User(user.user_id, user.user_name)


def _stream(stream: pb.Stream) -> StreamInfo:
    return StreamInfo(stream.stream_id, _user(stream.user), stream.extra_info, tuple(stream.kinds))
