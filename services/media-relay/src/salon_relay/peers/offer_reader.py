"""Reads offers on a thread, one after the other, so that the event loop goes on meanwhile.

One thread: reading is Python, and a second one would only compete for the interpreter with the event loop and the
first. Offers of one user come back in the order they came in.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from salon_contracts.errors import OfferMalformed
from salon_media.offer import OFFER_MAX_BYTES, Offer, parse_offer

from salon_relay.peers.offer_queue import OfferQueue, Turn


@dataclass(frozen=True, slots=True)
class _Waiting:
    text: str
    read: "asyncio.Future[Offer]"


class OfferReader:
    """`run` it as a task; `read` from the same event loop."""

    def __init__(self) -> None:
        self._queue: OfferQueue[_Waiting] = OfferQueue()
        self._came = asyncio.Event()

    async def read(self, turn: Turn, text: str) -> Offer:
        """The offer, when its turn has come. Raises OfferMalformed, OfferUnacceptable, and RateLimited at once."""
        if len(text) > OFFER_MAX_BYTES:
            raise OfferMalformed(problem=f"longer than {OFFER_MAX_BYTES} bytes")
        waiting = _Waiting(text, asyncio.get_running_loop().create_future())
        self._queue.put(turn, waiting, len(text))
        self._came.set()
        return await waiting.read

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="offers") as thread:
                while True:
                    waiting = self._queue.take()
                    if waiting is None:
                        self._came.clear()
                        await self._came.wait()
                    elif not waiting.read.done():  # whoever asked may have given up
                        await self._read(loop.run_in_executor(thread, parse_offer, waiting.text), waiting.read)
        finally:
            while (waiting := self._queue.take()) is not None:
                waiting.read.cancel()

    async def _read(self, reading: "asyncio.Future[Offer]", read: "asyncio.Future[Offer]") -> None:
        try:
            await asyncio.wait([reading])
        except asyncio.CancelledError:
            read.cancel()
            raise
        if read.done():
            reading.exception()  # nobody wants to know any more
        elif (error := reading.exception()) is not None:
            read.set_exception(error)
        else:
            read.set_result(reading.result())
