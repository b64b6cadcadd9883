"""Thousands of people who enter one room at a steady rate, all of whom hear of all the others.

The people are light: one process, raw WebSocket frames that are counted rather than parsed once somebody is in. Each
has a loopback address of its own, as people have, so that all settings, the limits by address too, are the defaults;
from fewer addresses an operator would raise SALON_ROOM_ATTEMPTS_PER_ADDRESS_PER_S and
SALON_ROOM_MAX_CONNECTIONS_PER_ADDRESS.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from bench.cpu import cpu_s
from bench.report import Report, summary
from tests.system.cloud import Cloud

PEOPLE = 3000
PER_S = 200
SETTLE_TIMEOUT_S = 60.0
ROOM = "bench-hall"

_UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_CLOSE, _PING = 8, 9
_HELLO = {"requestId": 1, "hello": {"protocolVersions": [1], "sdkName": "bench", "sdkVersion": "1"}}


@dataclass
class Tally:
    """What all people together were sent after they were in."""

    frames: int = 0
    size_bytes: int = 0


class LightPerson(asyncio.Protocol):
    """Logs in and then only counts."""

    def __init__(self, login: dict[str, object], tally: Tally) -> None:
        self._login = login
        self._tally = tally
        self._buffer = b""
        self._upgraded = False
        self._pages_left: int | None = None
        self._transport: asyncio.Transport | None = None
        self.known = 0
        """Others who were reported, less those who left."""
        self.problem = ""
        self.entered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """`time.perf_counter()` when the log-in was complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        self._transport.write(_UPGRADE)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(head.decode("latin-1"))
                return
            self._upgraded, self._buffer = True, rest
            self._send(_HELLO)
            self._send({"requestId": 2, "login": self._login})
        begin = 0
        while (frame := _frame_at(self._buffer, begin)) is not None:
            opcode, payload_begin, begin = frame
            self._take(opcode, self._buffer[payload_begin:begin])
        self._buffer = self._buffer[begin:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was closed")

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _send(self, message: Mapping[str, object]) -> None:
        if self._transport is not None:
            self._transport.write(_masked(message))

    def _pong(self, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)

    def _fail(self, problem: str) -> None:
        self.problem = self.problem or problem
        if not self.entered.done():
            self.entered.set_exception(RuntimeError(problem))
            self.entered.exception()

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self._pong(payload)
        elif opcode == _CLOSE:
            self._fail(f"closed with {int.from_bytes(payload[:2], 'big')}")
        elif b'"loggedIn"' in payload:
            logged_in = json.loads(payload)["reply"]["loggedIn"]
            self.known += len(logged_in.get("users", ()))
            self._page_came(logged_in.get("pagesToCome", 0))
        elif b'"failed"' in payload:
            self._fail(payload.decode())
        elif b'"usersChanged"' in payload:
            users = payload.count(b'"userId":')
            self.known += -users if b'"UPDATE_TYPE_DELETE"' in payload else users
            if self._pages_left:
                self._page_came(self._pages_left - 1)
            else:
                self._tally.frames += 1
                self._tally.size_bytes += len(payload)

    def _page_came(self, left: int) -> None:
        self._pages_left = left
        if not left and not self.entered.done():
            self.entered.set_result(time.perf_counter())


def _masked(message: Mapping[str, object]) -> bytes:
    """A client's text frame. The mask is 0: this is no browser that something could be smuggled through."""
    data = json.dumps(message).encode()
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


def _frame_at(buffer: bytes, begin: int) -> tuple[int, int, int] | None:
    """Its opcode, and where its payload begins and ends; None if it is not all there."""
    if len(buffer) < begin + 2:
        return None
    size_bytes, payload_begin = buffer[begin + 1], begin + 2
    if size_bytes >= 126:
        payload_begin += 2 if size_bytes == 126 else 8
        size_bytes = int.from_bytes(buffer[begin + 2 : payload_begin], "big")
    end = payload_begin + size_bytes
    return (buffer[begin] & 0x0F, payload_begin, end) if len(buffer) >= end else None


@dataclass
class _Hall:
    cloud: Cloud
    people: list[LightPerson] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    async def enter(self, number: int, token: str) -> float:
        """How long that took, in ms, from the beginning of the TCP connection."""
        user_id = _user_id(number)
        login: dict[str, object] = {
            "appId": self.cloud.app_id, "roomId": ROOM, "token": token, "userId": user_id,
            "userName": f"Person {number}", "userUpdate": True,
        }  # fmt: skip
        room = self.cloud.rooms[number % len(self.cloud.rooms)]
        address = f"127.{1 + number // 60_000}.{number // 250 % 250}.{1 + number % 250}"
        began = time.perf_counter()
        _, person = await asyncio.get_running_loop().create_connection(
            lambda: LightPerson(login, self.tally), "127.0.0.1", room.port, local_addr=(address, 0)
        )
        self.people.append(person)
        return (await person.entered - began) * 1000


def _user_id(number: int) -> str:
    return f"person-{number:05}"


async def run(report: Report, arguments: list[str]) -> None:
    """`arguments`: how many people, and how many a second."""
    people, per_s = [int(each) for each in arguments] + [PEOPLE, PER_S][len(arguments) :]
    for instances in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            cloud = Cloud(Path(folder)).start(rooms=instances, effects=0)
            try:
                await _measure(cloud, report, people, per_s)
            finally:
                cloud.stop()


async def _measure(cloud: Cloud, report: Report, people: int, per_s: float) -> None:
    hall = _Hall(cloud)
    tokens = [cloud.mint(_user_id(number)) for number in range(people)]
    pids = {
        "room": [room.pid for room in cloud.rooms],
        "token": [cloud.token.pid],
        "nats": [cloud.nats.pid],
        "people": [os.getpid()],
    }
    before_s = {name: sum(map(cpu_s, each)) for name, each in pids.items()}
    began = time.perf_counter()
    tasks = []
    for number, token in enumerate(tokens):
        await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
        tasks.append(asyncio.create_task(hall.enter(number, token)))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    elapsed_s = time.perf_counter() - began
    durations_ms = [each for each in outcomes if isinstance(each, float)]
    inside = [person for person in hall.people if not person.problem]
    async with asyncio.timeout(SETTLE_TIMEOUT_S):
        while any(person.known != len(inside) - 1 for person in inside):
            assert not any(person.problem for person in inside), {person.problem for person in inside}
            await asyncio.sleep(0.05)
    everybody_knows_s = time.perf_counter() - began
    spent_s = {name: sum(map(cpu_s, each)) - before_s[name] for name, each in pids.items()}
    tally = hall.tally
    report.add(
        "one-room",
        bar="200 log-ins a second, the slowest within 1 s, at most one frame of user notices per 50 ms",
        room_instances=len(cloud.rooms),
        people=people,
        asked_per_s=per_s,
        refused_or_too_late=people - len(inside),
        log_ins_per_s=round(len(inside) / elapsed_s, 1),
        **summary(durations_ms, "ms"),
        everybody_knows_all_after_s=round(everybody_knows_s - elapsed_s, 2),
        user_frames=tally.frames,
        user_frames_per_person_and_s=round(tally.frames / len(inside) / everybody_knows_s, 2),
        user_frame_mbytes=round(tally.size_bytes / 1e6, 1),
        **{f"{name}_cpu_ms_each": round(each * 1000 / people, 2) for name, each in spent_s.items()},
        room_resident_mb=round(max(room.resident_bytes() for room in cloud.rooms) / 1e6),
    )
    for person in hall.people:
        person.drop()
