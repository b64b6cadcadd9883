"""The control socket: one message a datagram, its end is the end, nothing blocks."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest_asyncio
from salon.relay.v1.relay_pb2 import (
    FromTranscoder,
    ToTranscoder,
    TranscoderBitrate,
    TranscoderCounters,
    TranscoderFaded,
    TranscoderRetry,
)
from salon_transcoder.control import Control
from salon_transcoder.counters import Counters, percentile


class Ends:
    """The relay's end, the transcoder's, and what the latter heard."""

    def __init__(self) -> None:
        self.relay, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.orders: asyncio.Queue[ToTranscoder] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.control = Control(far.detach(), self.orders.put_nowait, self.ended.set)


@pytest_asyncio.fixture
async def ends() -> AsyncIterator[Ends]:
    ends = Ends()
    yield ends
    ends.control.close()
    ends.relay.close()


async def test_orders_arrive_one_by_one(ends: Ends) -> None:
    ends.relay.send(ToTranscoder(bitrate=TranscoderBitrate(target_bps=5)).SerializeToString())
    ends.relay.send(ToTranscoder(retry=TranscoderRetry()).SerializeToString())
    async with asyncio.timeout(10):
        assert (await ends.orders.get()).bitrate.target_bps == 5
        assert (await ends.orders.get()).WhichOneof("body") == "retry"


async def test_what_cannot_be_read_is_passed_over(ends: Ends) -> None:
    ends.relay.send(b"\xff\xff\xff")
    ends.relay.send(ToTranscoder(retry=TranscoderRetry()).SerializeToString())
    async with asyncio.timeout(10):
        assert (await ends.orders.get()).WhichOneof("body") == "retry"


async def test_the_relays_end_is_heard(ends: Ends) -> None:
    ends.relay.close()
    await asyncio.wait_for(ends.ended.wait(), 10)
    ends.control.send(FromTranscoder(faded=TranscoderFaded()))


async def test_a_relay_that_does_not_read_loses_counters_but_no_report(ends: Ends) -> None:
    for number in range(20_000):
        ends.control.send_counters(TranscoderCounters(frames_in=number + 1))
    ends.control.send(FromTranscoder(faded=TranscoderFaded()))
    ends.control.send_counters(TranscoderCounters(frames_in=30_000))
    ends.relay.setblocking(False)
    last = FromTranscoder()
    async with asyncio.timeout(20):
        while last.WhichOneof("body") != "faded":
            last = FromTranscoder.FromString(await asyncio.get_running_loop().sock_recv(ends.relay, 65_536))
    with contextlib.suppress(BlockingIOError):
        assert not ends.relay.recv(65_536), "the counters that came after it were dropped"
    ends.control.send_counters(TranscoderCounters(frames_in=40_000))
    counted = FromTranscoder.FromString(await asyncio.get_running_loop().sock_recv(ends.relay, 65_536))
    assert counted.counters.frames_in == 40_000


def test_latencies_are_those_since_the_last_message() -> None:
    counters = Counters()
    counters.left(1_000_000, 8_000_000)
    counters.left(0, 2**60)
    message = counters.message(0)
    assert (message.latency_p50_us, message.latency_p99_us) == (7_000, 2**32 - 1)
    assert counters.message(0).latency_p99_us == 0


def test_frame_rate_is_that_of_the_last_second_with_frames() -> None:
    counters = Counters()
    assert counters.frames_per_s == 30
    counters.frames_in += 15
    counters.message(0)
    assert counters.frames_per_s == 15
    counters.message(0)
    assert counters.frames_per_s == 15
    counters.frames_in += 1000
    counters.message(0)
    assert counters.frames_per_s == 60


def test_percentiles() -> None:
    hundred = range(1, 101)
    assert (percentile(hundred, 50), percentile(hundred, 99), percentile([7], 99), percentile([], 50)) == (50, 99, 7, 0)
