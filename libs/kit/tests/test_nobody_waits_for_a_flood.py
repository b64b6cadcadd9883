"""What one connection sends is looked at in turns with everybody else's, and no faster than the app takes it."""

import asyncio
from collections import Counter, deque

import pytest
from salon_kit.health import Receive, Scope, Send
from salon_kit.http.frame_meter import CONTROL_FRAMES_AT_ONCE, UNLIMITED, Allowance
from salon_kit.http.reading_turns import READER_FRAMES, TURN_FRAMES, ReadingTurns
from salon_kit.http.websocket import WAITING_MESSAGES_MAX, MeteredWebSocket, reading_of
from salon_testing.eventually import eventually

from .peers import CONTINUATION, PING, PONG, TEXT, Peer, frame, serving

STRANGER = Allowance(frames_per_s=0.001, frames_at_once=60, bytes_per_s=1e9, bytes_at_once=1e9, message_max_bytes=1000)
FLOOD = 100_000


class Counted:
    """An app that counts the messages of each connection; `"in"` raises what may be sent."""

    def __init__(self) -> None:
        self.messages: Counter[int] = Counter()
        self.closed: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        port = scope["client"][1]
        while (message := await receive())["type"] == "websocket.receive":
            self.messages[port] += 1
            if message["text"] == "in":
                reading_of(scope).allow(UNLIMITED)
            elif message["text"] == "ask":
                await send({"type": "websocket.send", "text": "answer"})
        self.closed.append(message["code"])


@pytest.mark.parametrize(
    "flood",
    [frame(TEXT) * FLOOD, frame(TEXT, b"{}") * FLOOD, (frame(TEXT, final=False) + frame(CONTINUATION)) * FLOOD],
    ids=["empty messages", "tiny messages", "empty fragments"],
)
async def test_a_bystander_is_answered_before_a_flood_is_read(flood: bytes) -> None:
    app = Counted()
    async with serving(app, strangers=STRANGER) as server:
        flooders = [await Peer.upgraded(server) for _ in range(4)]
        bystander = await Peer.upgraded(server)
        sending = [asyncio.create_task(flooder.send(flood)) for flooder in flooders]
        await eventually(lambda: bool(app.messages))
        for _ in range(10):
            await bystander.send(frame(TEXT, b"ask"))
            assert await bystander.frame() == (TEXT, b"answer")
        assert max(app.messages.values()) <= STRANGER.frames_at_once + READER_FRAMES
        for task in sending:
            task.cancel()
        for peer in (*flooders, bystander):
            await peer.close()


@pytest.mark.parametrize(
    ("flood", "code"),
    [
        (frame(PING) * FLOOD, 1008),
        (frame(PING, bytes(125)) * FLOOD, 1008),
        (frame(PONG) * FLOOD, 1008),
        (frame(TEXT, b"x", final=False) + frame(CONTINUATION, final=False) * FLOOD, 1008),
        (frame(TEXT, b"\xff"), 1007),
    ],
    ids=["pings", "long pings", "pongs", "fragments", "not UTF-8"],
)
async def test_what_nobody_sends_in_earnest_ends_the_connection(flood: bytes, code: int) -> None:
    app = Counted()
    async with serving(app) as server:
        peer = await Peer.upgraded(server)
        sending = asyncio.create_task(peer.send(flood))
        await eventually(lambda: bool(app.closed))
        assert app.closed == [code]
        sending.cancel()
        await peer.close()


async def test_pongs_do_not_pile_up_for_a_peer_that_does_not_read() -> None:
    """As many pings as there may be, each with a pong that could not be sent yet."""
    app = Counted()
    async with serving(app) as server:
        peer = await Peer.upgraded(server)
        await peer.send(frame(TEXT, b"ask"))
        assert await peer.frame() == (TEXT, b"answer")
        (protocol,) = server._server.server_state.connections
        assert isinstance(protocol, MeteredWebSocket)
        protocol.pause_writing()
        await peer.send(b"".join(frame(PING, b"%03d" % number) for number in range(CONTROL_FRAMES_AT_ONCE)))
        await peer.send(frame(TEXT, b"x"))
        await eventually(lambda: app.messages.total() == 2)
        assert protocol.transport.get_write_buffer_size() == 0
        protocol.resume_writing()
        assert await peer.frame() == (PONG, b"%03d" % (CONTROL_FRAMES_AT_ONCE - 1))
        await peer.close()


async def test_what_the_app_does_not_take_is_not_read() -> None:
    held = asyncio.Event()
    taken: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await held.wait()
        while (message := await receive())["type"] == "websocket.receive":
            taken.append(message["text"])

    async with serving(app) as server:
        peer = await Peer.upgraded(server)
        sending = asyncio.create_task(peer.send(b"".join(frame(TEXT, b"%06d" % number) for number in range(20_000))))
        (protocol,) = server._server.server_state.connections
        assert isinstance(protocol, MeteredWebSocket)
        await eventually(lambda: protocol.queue.qsize() >= WAITING_MESSAGES_MAX and not protocol.transport.is_reading())
        assert protocol.queue.qsize() <= WAITING_MESSAGES_MAX + READER_FRAMES
        held.set()
        await eventually(lambda: len(taken) == 20_000)
        assert taken == [f"{number:06}" for number in range(20_000)]
        await sending
        await peer.close()


async def test_who_is_let_in_may_send_more_and_what_waited_is_read() -> None:
    app = Counted()
    async with serving(app, strangers=STRANGER) as server:
        peer = await Peer.upgraded(server)
        long = frame(TEXT, b"x" * 5000) + frame(TEXT, b"y" * 60_000)
        await peer.send(frame(TEXT, b"in") + long + frame(TEXT, b"z") * 1000 + frame(TEXT, b"ask"))
        assert await peer.frame() == (TEXT, b"answer")
        assert app.messages.total() == 1004
        await peer.close()


class Flooding:
    """A reader that always has more."""

    def __init__(self, turns: ReadingTurns, group: str | None, calls: "deque[Flooding]") -> None:
        self.group = group
        self._turns, self._calls = turns, calls

    def read_some(self, frames_max: int, bytes_max: int) -> int:
        self._calls.append(self)
        self._turns.wait_for(self)
        return frames_max


async def test_turns_go_round_and_end_with_each_turn_of_the_loop() -> None:
    calls: deque[Flooding] = deque()
    turns = ReadingTurns()
    flood = [Flooding(turns, "203.0.113.1", calls) for _ in range(100)]
    other, member = Flooding(turns, "203.0.113.2", calls), Flooding(turns, None, calls)
    for reader in (*flood, other, member):
        turns.wait_for(reader)
    for loops in range(1, 50):
        await asyncio.sleep(0)
        assert len(calls) <= loops * TURN_FRAMES // READER_FRAMES
    rounds = len(calls) // 4
    assert sum(reader is member for reader in calls) >= 2 * rounds - 1  # every second turn
    assert sum(reader is other for reader in calls) >= rounds - 1  # every second of the strangers'
    assert sum(reader in flood for reader in calls) >= rounds - 1


class Once:
    """A reader with one frame."""

    group = None

    def __init__(self) -> None:
        self.reads = 0

    def read_some(self, frames_max: int, bytes_max: int) -> int:
        self.reads += 1
        return 1


async def test_who_comes_first_is_read_at_once_and_the_others_in_later_turns() -> None:
    turns = ReadingTurns()
    readers = [Once() for _ in range(TURN_FRAMES * 3)]
    for reader in readers:
        turns.read(reader)
    assert [reader.reads for reader in readers] == [1] * TURN_FRAMES + [0] * TURN_FRAMES * 2
    for _ in range(3):
        await asyncio.sleep(0)
    assert [reader.reads for reader in readers] == [1] * len(readers)
    late = Once()
    turns.read(late)
    assert late.reads == 1
