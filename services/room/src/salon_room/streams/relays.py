"""The media relays: which ones live, and orders to them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from google.protobuf.message import DecodeError
from salon.relay.v1.relay_pb2 import (
    CloseTransport,
    EffectsSet,
    Negotiate,
    Negotiated,
    RelayAnnouncement,
    SetEffects,
    TransportClosedReply,
)
from salon_contracts.errors import BusUnavailable, NobodyServes, RelayLost, RequestTimedOut, SalonError
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET, command
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus
from salon_kit.log import get_logger
from salon_kit.trace import caused_by

from salon_room import metrics

log = get_logger()

CLOSE_TIMEOUT_S = 2.0
GAP_POLL_S = 0.25
"""How often is looked whether NATS was silent meanwhile."""
SET_EFFECTS_TIMEOUT_S = 4.0
"""A relay answers within 2 s, if it can."""


class Relays:
    """`start` before use. `on_lost` is called whenever the answer of `lost` may have changed for somebody."""

    def __init__(
        self,
        bus: Bus,
        leases: LeaseBucket,
        spawn: Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"],
        *,
        timeout_s: float,
        grace_s: float,
    ) -> None:
        self.on_lost: Callable[[], None] = lambda: None
        self._bus = bus
        self._leases = leases
        self._spawn = spawn
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._living: dict[str, RelayAnnouncement] = {}

    def living(self) -> list[RelayAnnouncement]:
        return list(self._living.values())

    def get(self, relay_id: str) -> RelayAnnouncement | None:
        return self._living.get(relay_id)

    def lost(self, relay_id: str, epoch: str) -> bool:
        """This start of this relay is known to be gone, with every transport it had. The silence of a relay says so
        only if NATS was heard all the while: else it may be that of NATS, or our own."""
        announced = self._living.get(relay_id)
        if announced is not None:
            return announced.epoch != epoch
        return self._bus.in_contact_for(self._grace_s)

    async def start(self) -> None:
        """Returns when the relays of now are known."""
        known = asyncio.Event()
        watching = self._spawn("watch-relays", self._watch(known))
        watching.add_done_callback(lambda _: known.set())
        self._spawn("trust-relay-silence", self._look_after_gaps())
        await known.wait()
        if watching.done():
            await watching  # raises why

    async def _watch(self, known: asyncio.Event) -> None:
        async with self._leases.watch("") as watch:
            for entry in watch.initial:
                self._announced(entry.key, entry.value)
            known.set()
            async for change in watch:
                with caused_by(f"{RELAYS_BUCKET}:{change.revision}"):  # whatever is removed because a relay is gone
                    if change.kind == "put":
                        self._announced(change.key, change.value)
                    elif self._living.pop(change.key, None) is not None:
                        log.warning("relay-gone", relay_id=change.key, how=change.kind)
                        self.on_lost()
                metrics.RELAYS.set(len(self._living))

    def _announced(self, key: str, value: bytes) -> None:
        try:
            relay = RelayAnnouncement.FromString(value)
        except DecodeError:
            log.warning("relay-announcement-unreadable", relay_id=key)
            return
        before = self._living.get(relay.relay_id)
        self._living[relay.relay_id] = relay
        if before is None:
            log.info("relay-announced", relay_id=relay.relay_id)
        elif before.epoch != relay.epoch:
            log.warning("relay-restarted", relay_id=relay.relay_id)
            self.on_lost()

    async def _look_after_gaps(self) -> None:
        """After every gap in which relays could not be heard, once their silence is their own again."""
        looked_since_ns = None
        while True:
            in_contact_since_ns = await self._bus.wait_in_contact_for(self._grace_s)
            if in_contact_since_ns != looked_since_ns:
                looked_since_ns = in_contact_since_ns
                self.on_lost()
            await asyncio.sleep(GAP_POLL_S)

    async def negotiate(self, relay_id: str, order: Negotiate, *, is_new: bool) -> Negotiated:
        """The relay's answer. Raises its refusals, and RelayLost if it does not answer: a new peer connection that the
        relay may have all the same is closed then."""
        subject = command("relay", "negotiate", RelayId(relay_id))
        with metrics.NEGOTIATE_SECONDS.time():
            try:
                return await self._bus.request(subject, order, Negotiated, self._timeout_s)
            except (NobodyServes, RequestTimedOut, BusUnavailable) as error:
                # A relay that refuses has nothing; one that is told to close what it does not know refuses it from
                # then on.
                if is_new:
                    self.close_later(relay_id, order.transport_id, "not-negotiated")
                if isinstance(error, BusUnavailable):
                    raise
                raise RelayLost(relay_id=relay_id) from None

    async def set_effects(self, relay_id: str, order: SetEffects) -> EffectsSet:
        """What the viewers get. Raises the relay's refusals, RelayLost if it is not there, RequestTimedOut."""
        subject = command("relay", "set-effects", RelayId(relay_id))
        with metrics.SET_EFFECTS_SECONDS.time():
            try:
                return await self._bus.request(subject, order, EffectsSet, SET_EFFECTS_TIMEOUT_S)
            except NobodyServes:
                raise RelayLost(relay_id=relay_id) from None

    async def close_transport(self, relay_id: str, transport_id: str, reason: str) -> None:
        """Best effort: a relay that does not answer loses its transports anyway, a vanished client's run out."""
        order = CloseTransport(transport_id=transport_id, reason=reason)
        subject = command("relay", "close-transport", RelayId(relay_id))
        try:
            await self._bus.request(subject, order, TransportClosedReply, CLOSE_TIMEOUT_S)
        except SalonError as error:
            log.warning("transport-not-closed", relay_id=relay_id, transport_id=transport_id, err_code=error.code)

    def close_later(self, relay_id: str, transport_id: str, reason: str) -> None:
        self._spawn("close-transport", self.close_transport(relay_id, transport_id, reason))
