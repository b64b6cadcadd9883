"""The process itself: gets ready, waits for a stream, serves it, ends.

Exit codes: 0 told to end (SIGTERM, or the relay has gone), 1 a bug, 2 started wrongly, 3 the stream cannot be decoded
here any more.
"""

import asyncio
import signal
from pathlib import Path

from salon.relay.v1.relay_pb2 import FromTranscoder, ToTranscoder, TranscoderReady, TranscoderStart
from salon_contracts.errors import BusUnavailable
from salon_contracts.transcoder_link import BEAUTIFIED_SSRC, COLOR_SPACE_ID, ORIENTATION_ID, PAYLOAD_TYPE
from salon_frames import EffectsClient, StreamIdentity
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.log import bound, get_logger
from salon_kit.settings import BusSettings
from salon_packets import FrameLink

from salon_transcoder.codec import Decoder, Encoder
from salon_transcoder.config import TranscoderSettings
from salon_transcoder.control import Control
from salon_transcoder.core.ramp import Ramp
from salon_transcoder.intake import Undecodable
from salon_transcoder.outlet import TARGET_MIN_BPS
from salon_transcoder.pipeline import Parts, Pipeline

EXIT_UNDECODABLE = 3
COUNTERS_S = 1.0
CLOSE_S = 0.5

log = get_logger()


class Process:
    """From the first connection to the exit code. Made on the event loop."""

    def __init__(
        self, link_fd: int, bus_settings: BusSettings, settings: TranscoderSettings, identity: Identity
    ) -> None:
        self._link_fd = link_fd
        self._bus_settings = bus_settings
        self._settings = settings
        self._identity = identity
        self._end_requested = asyncio.Event()
        self._started: asyncio.Future[TranscoderStart] = asyncio.get_running_loop().create_future()
        self._early: list[ToTranscoder] = []
        self._pipeline: Pipeline | None = None

    async def run(self, control_fd: int) -> int:
        """Gives the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end_requested.set)
        # Control-C reaches every process of a terminal; the relay finishes what it has in hand and ends this one.
        loop.add_signal_handler(signal.SIGINT, log.debug, "left-to-the-relay")
        control = Control(control_fd, self._order, self._end_requested.set)
        working = asyncio.create_task(self._work(control), name="work")
        ending = asyncio.create_task(self._end_requested.wait(), name="ending")
        try:
            await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            ending.cancel()
            await asyncio.wait([working, ending])
            control.close()
        if working.cancelled():
            return 0
        error = working.exception()
        if error is None:
            return 0
        if isinstance(error, BaseExceptionGroup) and error.subgroup(Undecodable) is not None:
            log.error("stream-undecodable")
            return EXIT_UNDECODABLE
        log.critical("transcoder-broken", err_code=type(error).__name__, exc_info=error)
        return 1

    async def _work(self, control: Control) -> None:
        bus = await self._connect()
        try:
            control.send(FromTranscoder(ready=TranscoderReady()))
            start = await self._started
            with bound(app_id=start.app_id, room_id=start.room_id, stream_id=start.stream_id):
                await self._serve(start, bus, control)
        finally:
            await bus.close(CLOSE_S)

    async def _connect(self) -> Bus:
        while True:
            try:
                return await Bus.connect(self._bus_settings, self._identity)
            except BusUnavailable as error:
                log.warning("bus-not-reached", detail=str(error.__cause__ or error))

    async def _serve(self, start: TranscoderStart, bus: Bus, control: Control) -> None:
        link = FrameLink(
            self._link_fd,
            codec="H264" if start.codec == "H264" else "VP8",
            payload_type=PAYLOAD_TYPE,
            ssrc=BEAUTIFIED_SSRC,
            orientation_id=ORIENTATION_ID,
            color_space_id=COLOR_SPACE_ID,
        )
        parts = Parts(
            link=link,
            decoder=Decoder(start.codec),
            encoder=Encoder(start.codec, max(start.target_bps, TARGET_MIN_BPS)),
            new_client=lambda: self._new_client(start, bus),
        )
        try:
            async with asyncio.TaskGroup() as group:

                def report(message: FromTranscoder) -> None:
                    if message.WhichOneof("body") == "faded":
                        control.send_counters(pipeline.counters())  # the last, or they would be up to a second old
                    control.send(message)

                pipeline = Pipeline(parts, Ramp(start.beauty, start.version), report, group)
                self._pipeline = pipeline
                for order in self._early:
                    pipeline.order(order)
                forget = bus.on_connection(lambda connected: pipeline.retry() if connected else None)
                counting = group.create_task(_count(pipeline, control), name="counters")
                try:
                    await pipeline.run()
                finally:
                    forget()
                    counting.cancel()
        finally:
            link.close()

    def _new_client(self, start: TranscoderStart, bus: Bus) -> EffectsClient:
        return EffectsClient(
            bus,
            StreamIdentity(start.relay_id, start.app_id, start.room_id, start.stream_id),
            Path(self._settings.ring_folder),
            start.ring_prefix,
            self._settings.deadline_ms,
        )

    def _order(self, order: ToTranscoder) -> None:
        if order.WhichOneof("body") == "start":
            if not self._started.done():
                self._started.set_result(order.start)
        elif self._pipeline is not None:
            self._pipeline.order(order)
        else:
            self._early.append(order)


async def _count(pipeline: Pipeline, control: Control) -> None:
    while True:
        await asyncio.sleep(COUNTERS_S)
        control.send_counters(pipeline.counters())
