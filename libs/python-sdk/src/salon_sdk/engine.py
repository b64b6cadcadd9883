"""The verbs. Same names as in the browser SDK, in snake_case; same events, same error codes."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiortc import MediaStreamTrack
from salon.room.v1 import signal_pb2 as pb
from salon_contracts import ids
from salon_contracts.errors import InvalidField

from salon_sdk.beauty import stream_effects
from salon_sdk.errors import EngineError, ErrorCode
from salon_sdk.events import EventName, Handler, Handlers
from salon_sdk.media import LocalStream, PlayedStream
from salon_sdk.peer import MediaKind, VideoBitrate, VideoCodec
from salon_sdk.player import Playback
from salon_sdk.publisher import Publication
from salon_sdk.room import Room
from salon_sdk.states import ConnectionState
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing
from salon_sdk.wire import socket_url

_FIELD_CODES: dict[tuple[str, str], ErrorCode] = {
    ("app_id", "out of range"): ErrorCode.APP_ID_WRONG,
    ("room_id", "empty"): ErrorCode.ROOM_ID_EMPTY,
    ("room_id", "illegal"): ErrorCode.ROOM_ID_ILLEGAL,
    ("room_id", "too long"): ErrorCode.ROOM_ID_TOO_LONG,
    ("user_id", "empty"): ErrorCode.USER_ID_EMPTY,
    ("user_id", "illegal"): ErrorCode.USER_ID_ILLEGAL,
    ("user_id", "too long"): ErrorCode.USER_ID_TOO_LONG,
    ("user_name", "too long"): ErrorCode.USER_NAME_TOO_LONG,
    ("stream_id", "empty"): ErrorCode.STREAM_ID_EMPTY,
    ("stream_id", "illegal"): ErrorCode.STREAM_ID_ILLEGAL,
    ("stream_id", "too long"): ErrorCode.STREAM_ID_TOO_LONG,
    ("extra_info", "too long"): ErrorCode.EXTRA_INFO_TOO_LONG,
    ("message", "empty"): ErrorCode.MESSAGE_EMPTY,
    ("message", "too long"): ErrorCode.MESSAGE_TOO_LONG,
}


@dataclass(frozen=True, slots=True)
class SentMessage:
    message_id: int
    """Rising within a room."""
    sent_at_unix_ms: int


class SalonEngine:
    """One user's client: at most one room at a time, any number of streams in both directions.

    Everything sent shares one peer connection, everything received another. Make it and use it within one event loop;
    `close` (or `async with`) ends whatever is left, so that no task, thread or socket stays behind.
    """

    def __init__(
        self,
        app_id: int,
        server: str | Sequence[str],
        *,
        timing: Timing | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """`server` is `ws://`, `wss://`, `http://` or `https://`, or several of them to try in turn.

        `ssl_context` is for servers whose certificate the system does not know.
        """
        try:
            self._app_id = ids.parse_app_id(app_id)
        except InvalidField as problem:
            raise _field_error(problem) from problem
        self._servers = [server] if isinstance(server, str) else list(server)
        if not self._servers:
            raise EngineError.because(ErrorCode.PARAMETER, "There is no server to connect to.")
        for each in self._servers:
            socket_url(each)
        self._timing = timing or Timing()
        self._ssl_context = ssl_context
        self._tasks = TaskOwner("salon-engine")
        self._endings = TaskOwner("salon-engine")
        self._handlers = Handlers(self._tasks)
        self._room: Room | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Logs out if necessary and ends the handlers that still run."""
        if self._room is not None:
            await self.logout_room()
        await self._endings.wait()
        await self._tasks.close()

    # ---- events ----

    def on(self, event: EventName, handler: Handler) -> bool:
        """Arguments of each event: `events.EventName`. Coroutine functions are welcome."""
        self._handlers.on(event, handler)
        return True

    def off(self, event: EventName, handler: Handler | None = None) -> bool:
        """Without a handler: all of the event's."""
        self._handlers.off(event, handler)
        return True

    # ---- room ----

    async def login_room(
        self,
        room_id: str,
        token: str,
        user_id: str,
        user_name: str = "",
        *,
        user_update: bool = False,
        max_member_count: int = 0,
    ) -> bool:
        """True when logged in. Raises EngineError, also told as LOGIN_FAILED.

        Streams may be published and played from the call on: they wait for the log-in.
        """
        if self._room is not None:
            logging_in = self._room.state is ConnectionState.LOGGING_IN
            code = ErrorCode.LOGIN_IN_PROGRESS if logging_in else ErrorCode.LOGGED_IN_ALREADY
            raise EngineError.because(code, f"Log out of {self._room.id!r} first.")
        try:
            login = pb.Login(
                app_id=self._app_id,
                room_id=ids.parse_room_id(room_id),
                token=token,
                user_id=ids.parse_user_id(user_id),
                user_name=ids.parse_user_name(user_name),
                user_update=user_update,
                max_member_count=max_member_count,
            )
        except InvalidField as problem:
            raise _field_error(problem) from problem
        room = Room(self._servers, login, self._handlers, self._room_ended, self._timing, self._ssl_context)
        self._room = room
        try:
            await room.login()
        except BaseException as problem:
            if self._room is room:
                self._room = None
                await room.close(problem if isinstance(problem, EngineError) else None)
            raise
        return True

    async def logout_room(self, room_id: str | None = None) -> None:
        """Ends all streams and tells LOGOUT; LOGOUT_FAILED when there is no such log-in."""
        room = self._room
        if room is None or room_id not in (None, room.id):
            code = int(ErrorCode.ROOM_NOT_LOGGED_IN)
            self._handlers.emit("room_state_changed", room_id or "", "LOGOUT_FAILED", code, "")
            return
        self._room = None
        await room.logout()

    def renew_token(self, token: str, room_id: str | None = None) -> bool:
        """The token for the next time one is needed. False if it cannot be one, or there is no such log-in."""
        if self._room is None or room_id not in (None, self._room.id) or not token.startswith("04"):
            return False
        self._room.renew_token(token)
        return True

    # ---- local streams ----

    def create_stream(
        self,
        audio: MediaStreamTrack | None = None,
        video: MediaStreamTrack | None = None,
        *,
        file: str | Path | None = None,
        loop: bool = True,
        video_bitrate: VideoBitrate | None = None,
    ) -> LocalStream:
        """From tracks, from a file, or, with neither, a test pattern. Raises EngineError."""
        if file is not None:
            return LocalStream.from_file(file, loop, video_bitrate)
        if audio is None and video is None:
            return LocalStream.test_pattern(video_bitrate=video_bitrate)
        return LocalStream(audio, video, video_bitrate)

    def destroy_stream(self, stream: LocalStream) -> None:
        """Stops publishing it and ends its tracks."""
        if self._room is not None:
            self._room.publisher.stop_all_of(stream)
        stream.stop()

    # ---- publish and play ----

    def start_publishing_stream(
        self, stream_id: str, stream: LocalStream, *, video_codec: VideoCodec = "VP8", extra_info: str = ""
    ) -> Publication:
        """Accepts the wish at once; `publisher_state_update` tells what becomes of it, and so does awaiting the result.

        Raises EngineError: not in a room, a bad stream id, published already.
        """
        room = self._required_room()
        try:
            publication = Publication(
                ids.parse_stream_id(stream_id), stream, video_codec, ids.parse_extra_info(extra_info)
            )
        except InvalidField as problem:
            raise _field_error(problem) from problem
        room.publisher.start(publication)
        return publication

    def stop_publishing_stream(self, stream_id: str) -> bool:
        """False if it was not being published. The stream's tracks go on."""
        return self._room is not None and self._room.publisher.stop(stream_id)

    async def mute_publish_stream_audio(self, stream: LocalStream, mute: bool) -> None:
        """Silence for whoever plays it, who is told; it stays so when the stream is published again. Raises
        EngineError: there is no such track, or too many changes in a row, of which the others know the last later."""
        await self._mute(stream, "audio", mute=mute)

    async def mute_publish_stream_video(self, stream: LocalStream, mute: bool) -> None:
        """Likewise black."""
        await self._mute(stream, "video", mute=mute)

    async def _mute(self, stream: LocalStream, kind: MediaKind, *, mute: bool) -> None:
        if not stream.has(kind):
            raise EngineError.because(ErrorCode.PUBLISH_PARAMETER, f"The stream has no {kind} track.")
        if mute:
            stream.muted_kinds.add(kind)
        else:
            stream.muted_kinds.discard(kind)
        if self._room is not None:
            publisher = self._room.publisher
            await asyncio.gather(*(publisher.tell_muted(each) for each in publisher.publications_of(stream)))

    async def set_effects_beauty(
        self,
        stream: LocalStream | str,
        enable: bool,  # by position, as in the browser SDK
        *,
        smooth: float = 50,
        whiten: float = 50,
        rosy: float = 50,
        sharpen: float = 50,
    ) -> bool:
        """Beautifies what the viewers of a stream get; each strength from 0 to 100, all four 0 change nothing.

        For a local stream, before it is published or at any time; it stays set. For the id of a stream that is being
        published: for that one only. Returns when the first picture that was asked for has left the relay. False: that
        cannot be had now, the viewers get the original; `beauty_effect_error` has told why and will tell when it is
        over. Raises EngineError.
        """
        try:
            effects = stream_effects(enable=enable, smooth=smooth, whiten=whiten, rosy=rosy, sharpen=sharpen)
        except InvalidField as problem:
            raise _field_error(problem) from problem
        if isinstance(stream, str):
            publisher = self._required_room().publisher
            return await publisher.set_effects(publisher.publication(stream), effects)
        stream.effects = effects
        if self._room is None:
            return True
        publisher = self._room.publisher
        publications = publisher.publications_of(stream)
        return all(await asyncio.gather(*(publisher.set_effects(each, effects) for each in publications)))

    async def start_playing_stream(self, stream_id: str, *, audio: bool = True, video: bool = True) -> PlayedStream:
        """A stream that plays. It recovers from lost connections until `stop_playing_stream`. Raises EngineError."""
        room = self._required_room()
        wanted: dict[MediaKind, bool] = {"audio": audio, "video": video}
        kinds = tuple(kind for kind, yes in wanted.items() if yes)
        if not kinds:
            raise EngineError.because(ErrorCode.PLAY_PARAMETER, "Neither audio nor video is wanted.")
        try:
            playback = Playback(ids.parse_stream_id(stream_id), kinds)
        except InvalidField as problem:
            raise _field_error(problem) from problem
        return await room.player.start(playback)

    def stop_playing_stream(self, stream_id: str) -> bool:
        """False if it was not being played. Its tracks end."""
        return self._room is not None and self._room.player.stop(stream_id)

    # ---- messages ----

    async def send_broadcast_message(self, room_id: str, message: str) -> SentMessage:
        """To everybody else in the room, in order."""
        return await self._send(pb.SIGNAL_MESSAGE_KIND_BROADCAST, room_id, message)

    async def send_barrage_message(self, room_id: str, message: str) -> SentMessage:
        """Like a broadcast, for what may be lost."""
        return await self._send(pb.SIGNAL_MESSAGE_KIND_BARRAGE, room_id, message)

    async def send_custom_command(self, room_id: str, command: str, to_user_ids: Sequence[str] = ()) -> SentMessage:
        """To some users, or to all others if none is named."""
        return await self._send(pb.SIGNAL_MESSAGE_KIND_COMMAND, room_id, command, to_user_ids)

    async def _send(
        self, kind: pb.SignalMessageKind.ValueType, room_id: str, text: str, to_user_ids: Sequence[str] = ()
    ) -> SentMessage:
        room = self._required_room()
        if room.id != room_id:
            raise EngineError.because(ErrorCode.MESSAGE_WRONG_ROOM, f"Not logged in to {room_id!r}.")
        try:
            ids.parse_message_text(text)
        except InvalidField as problem:
            raise _field_error(problem) from problem
        accepted = await room.send(kind, text, to_user_ids)
        return SentMessage(accepted.message_id, accepted.sent_at_unix_ms)

    def _required_room(self) -> Room:
        if self._room is None:
            raise EngineError.because(ErrorCode.NOT_IN_ROOM, "Log in to a room first.")
        return self._room

    def _room_ended(self, room: Room, error: EngineError) -> None:
        if self._room is room:
            self._room = None
        self._endings.spawn(room.close(error), name="end-room")


def _field_error(problem: InvalidField) -> EngineError:
    code = _FIELD_CODES.get((problem.field, problem.problem), ErrorCode.PARAMETER)
    return EngineError.because(code, str(problem))
