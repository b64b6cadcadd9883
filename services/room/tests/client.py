"""A client as the browser SDK is one: frames, request numbers, notices, the highest sequence."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from salon_kit.testing import Gathered
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .responders import APP, OFFER, token

Json = dict[str, Any]


async def eventually(ask: Callable[[], Awaitable[Json]], wanted: str, timeout_s: float = 10.0) -> Json:
    """Asks again until the reply has the field `wanted`."""
    async with asyncio.timeout(timeout_s):
        while True:
            reply = await ask()
            if wanted in reply:
                return reply
            await asyncio.sleep(0.05)


class Client:
    """`async with Client(url) as client: await client.log_in("room", "alice")`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.notices: Gathered[Json] = Gathered()
        self.frames: list[Json] = []
        self.sequence = 0
        self.logged_in: Json = {}
        self.user_id = ""
        self.close_code: int | None = None
        self.closed = asyncio.Event()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self.replies: list[Json] = []
        self.effects_versions: list[int] = []
        """Of the replies to SetEffects, which are kept without them."""
        self._effects_asked: dict[int, str] = {}
        self._effects_known: dict[str, tuple[int, str]] = {}
        """By stream id: the version and the problem of what it knows last."""
        self._effects_news: list[tuple[str, str, str]] = []
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, *, hello: bool = True) -> None:
        self.closed.clear()
        self.close_code = None
        self._socket = await connect(self.url, max_size=None, compression=None, ping_interval=None)
        self._reader = asyncio.create_task(self._read(self._socket))
        if hello:
            reply = await self.request(hello={"protocolVersions": [1], "sdkName": "test"})
            assert reply["welcome"]["protocolVersion"] == 1

    async def close(self, code: int = 1000) -> None:
        if self._socket is not None:
            await self._socket.close(code)
        if self._reader is not None:
            await self._reader

    async def drop(self) -> None:
        """The network is gone: no close frame."""
        assert self._socket is not None
        self._socket.transport.abort()
        await self.closed.wait()

    async def send_text(self, text: str | bytes) -> None:
        assert self._socket is not None
        await self._socket.send(text)

    def send_later(self, **body: Json) -> tuple[str, "asyncio.Future[Json]"]:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        if "setEffects" in body:
            self._effects_asked[number] = body["setEffects"]["streamId"]
        return json.dumps({"requestId": number, **body}), self._waiting[number]

    async def request(self, *, timeout_s: float = 10.0, **body: Json) -> Json:
        """The reply to one request, without its number."""
        text, reply = self.send_later(**body)
        await self.send_text(text)
        async with asyncio.timeout(timeout_s):
            return await reply

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                self._take(json.loads(text))
        except ConnectionClosed:
            pass
        self.close_code = socket.close_code
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError(f"closed with {self.close_code}"))
                waiting.exception()
        self.closed.set()

    def _take(self, frame: Json) -> None:
        self.frames.append(frame)
        sequence = int(frame.pop("sequence", 0))
        if "reply" in frame:
            reply = frame["reply"]
            self.replies.append(dict(reply))
            self.sequence = max(self.sequence, sequence)
            number = reply.pop("requestId", 0)
            if "effectsSet" in reply:
                self._is_news(self._effects_asked[number], reply["effectsSet"])
                self.effects_versions.append(reply["effectsSet"].pop("version", 0))
            self._effects_asked.pop(number, None)
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)
            return
        if sequence:
            assert sequence > self.sequence or "loggedOut" in frame or "usersChanged" in frame, (sequence, frame)
            self.sequence = max(self.sequence, sequence)
        if (change := frame.get("effectsStateChanged")) is not None and self._is_news(change["streamId"], change):
            state = change["state"].removeprefix("STREAM_EFFECTS_STATE_")
            if change["streamId"] not in self._effects_asked.values():  # else the reply says it
                self._effects_news.append((change["streamId"], state, change.get("problem", "")))
        self.notices.add({**frame, "sequence": sequence})

    def _is_news(self, stream_id: str, effects: Json) -> bool:
        """Whether an app hears of it, as in the SDKs: of a problem that is new and of its end, of nothing that is older
        than what is known."""
        known, problem_before = self._effects_known.get(stream_id, (0, ""))
        version, problem = effects.get("version", 0), effects.get("problem", "")
        if 0 < version < known:
            return False
        self._effects_known[stream_id] = (version or known, problem)
        if problem:
            return bool(problem != problem_before)
        return bool(problem_before) and effects["state"] == "STREAM_EFFECTS_STATE_ON"

    # ---- what an app does ----

    async def log_in(self, room_id: str, user_id: str, *, secret: str | None = None, **more: Any) -> Json:
        said = token(user_id, room_id) if secret is None else secret
        login = {
            "appId": APP, "roomId": room_id, "token": said, "userId": user_id, "userName": user_id.title(),
            "userUpdate": True, **more,
        }  # fmt: skip
        self.user_id = user_id
        reply = await self.request(login=login)
        if "loggedIn" in reply:
            self.logged_in = reply["loggedIn"]
        return reply

    async def resume(self) -> Json:
        resume = {
            "appId": APP, "userId": self.user_id, "sessionId": self.logged_in["sessionId"],
            "resumeKey": self.logged_in["resumeKey"], "lastSequence": str(self.sequence),
        }  # fmt: skip
        return await self.request(resume=resume)

    async def publish(
        self,
        stream_id: str,
        *,
        pc: str = "send",
        extra_info: str = "",
        sdp: str = OFFER,
        effects: Json | None = None,
        muted: tuple[str, ...] = (),
    ) -> Json:
        offer = {"peerConnectionId": pc, "sdp": sdp, "tracks": [{"mid": "0", "streamId": stream_id}]}
        more: Json = {"mutedKinds": muted} if effects is None else {"mutedKinds": muted, "effects": effects}
        return await self.request(publish={"streamId": stream_id, "extraInfo": extra_info, "offer": offer, **more})

    async def set_effects(self, stream_id: str, **effects: Any) -> Json:
        return await self.request(setEffects={"streamId": stream_id, "effects": effects})

    async def play(self, stream_id: str, *, pc: str = "recv") -> Json:
        offer = {"peerConnectionId": pc, "sdp": OFFER, "tracks": [{"mid": "0", "streamId": stream_id}]}
        return await self.request(play={"streamId": stream_id, "offer": offer})

    async def say(self, text: str, kind: str = "BROADCAST", to: tuple[str, ...] = ()) -> Json:
        return await self.request(sendMessage={"kind": f"SIGNAL_MESSAGE_KIND_{kind}", "text": text, "toUserIds": to})

    async def log_out(self) -> Json:
        return await self.request(logout={})

    # ---- what it was told ----

    def users(self) -> list[tuple[str, str]]:
        """(ADD or DELETE, user id), in order."""
        return [
            (notice["usersChanged"]["updateType"].removeprefix("UPDATE_TYPE_"), user["userId"])
            for notice in self.notices.items
            if "usersChanged" in notice
            for user in notice["usersChanged"]["users"]
        ]

    def streams(self) -> list[tuple[str, str]]:
        return [
            (notice["streamsChanged"]["updateType"].removeprefix("UPDATE_TYPE_"), stream["streamId"])
            for notice in self.notices.items
            if "streamsChanged" in notice
            for stream in notice["streamsChanged"]["streams"]
        ]

    def effects(self) -> list[tuple[str, str, str]]:
        """(stream id, state, problem) of what was news, in order."""
        return list(self._effects_news)

    async def until_effects(self, *wanted: tuple[str, str, str]) -> None:
        await self.notices.until(lambda _: self.effects() == list(wanted))

    def texts(self) -> list[str]:
        return [notice["messageReceived"]["text"] for notice in self.notices.items if "messageReceived" in notice]

    async def until_users(self, *wanted: tuple[str, str]) -> None:
        await self.notices.until(lambda _: self.users() == list(wanted))

    async def until_streams(self, *wanted: tuple[str, str]) -> None:
        await self.notices.until(lambda _: self.streams() == list(wanted))

    async def until_texts(self, *wanted: str) -> None:
        await self.notices.until(lambda _: self.texts() == list(wanted))

    async def until_closed(self, timeout_s: float = 10.0) -> int | None:
        async with asyncio.timeout(timeout_s):
            await self.closed.wait()
        return self.close_code
