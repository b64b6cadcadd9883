"""The other services on the bus, small: they speak the real protocol and do nothing behind it."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from salon.relay.v1.relay_pb2 import (
    CloseTransport,
    Direction,
    EffectsInterrupted,
    EffectsProblem,
    EffectsSet,
    EffectsStarted,
    EffectsState,
    EffectsStopped,
    MediaKind,
    Negotiate,
    Negotiated,
    RelayAnnouncement,
    SetEffects,
    Track,
    TransportClosed,
    TransportClosedReply,
    TransportCloseReason,
    TransportOpened,
)
from salon.token.v1.token_pb2 import MintedToken, MintToken, TokenVerified, VerifyToken
from salon_contracts.errors import (
    BusUnavailable,
    OfferMalformed,
    SalonError,
    TokenAppUnknown,
    TokenExpired,
    TokenMalformed,
    TokenRoomMismatch,
    TokenUserMismatch,
)
from salon_contracts.ids import AppId, RelayId, RoomId, RoomSessionId
from salon_contracts.subjects import RELAYS_BUCKET, Entity, command, query
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus, Endpoint, RequestContext
from salon_kit.events import Events
from salon_kit.testing import Gathered

APP = 7
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def token(
    user_id: str,
    room_id: str = "",
    *,
    log_in: bool = True,
    publish: bool = True,
    streams: tuple[str, ...] = (),
    play_rooms: tuple[str, ...] = (),
    expires_in_s: int = 3600,
) -> str:
    """What the responder below takes for a token."""
    expires = int(time.time()) + expires_in_s
    rights = {"in": log_in, "publish": publish, "streams": streams, "play": play_rooms}
    return json.dumps({"user": user_id, "room": room_id, "expires": expires, **rights})


class TokenResponder:
    def __init__(self) -> None:
        self.asked = 0
        """Tokens it was asked about."""

    async def serve(self, bus: Bus) -> None:
        await bus.serve(query("token", "verify-token"), VerifyToken, self._verify, queue="token")
        await bus.serve(command("token", "mint-token"), MintToken, self._mint, queue="token")

    async def _verify(self, request: VerifyToken, _: RequestContext) -> TokenVerified:
        self.asked += 1
        try:
            said = json.loads(request.token)
        except ValueError:
            raise TokenMalformed(problem="it is not one of the test's") from None
        if request.app_id != APP:
            raise TokenAppUnknown(app_id=request.app_id)
        if request.user_id and request.user_id != said["user"]:
            raise TokenUserMismatch(user_id=request.user_id)
        if said["room"] and said["room"] != request.room_id:
            raise TokenRoomMismatch(room_id=request.room_id)
        if said["expires"] < time.time():
            raise TokenExpired(ago_s=int(time.time()) - said["expires"])
        return TokenVerified(
            user_id=said["user"],
            expires_at_unix_s=said["expires"],
            may_log_in=said["in"],
            may_publish=said["publish"],
            stream_ids=said["streams"],
            play_room_ids=said["play"],
        )

    async def _mint(self, request: MintToken, _: RequestContext) -> MintedToken:
        return MintedToken(token=token(request.user_id, request.privileges.room_id))


@dataclass
class RelayResponder:
    """`announce` before use; `renew` or let the lease run out."""

    bus: Bus
    events: Events
    relay_id: str = "relay-1"
    epoch: str = "e1"
    packets_per_s: int = 0
    draining: bool = False
    connects: bool = True
    """Whether peers connect as soon as they have an answer."""
    holds_offers: asyncio.Event | None = None
    """Offers are answered when it is set."""
    refuses_offers: SalonError | None = None
    negotiated: list[Negotiate] = field(default_factory=list)
    closed: list[CloseTransport] = field(default_factory=list)
    open: dict[str, Negotiate] = field(default_factory=dict)
    offered: Gathered[Negotiate] = field(default_factory=Gathered)
    """Offers that have come, whatever became of them."""
    changes: Gathered[str] = field(default_factory=Gathered)
    effects: Gathered[SetEffects] = field(default_factory=Gathered)
    problem: EffectsProblem.ValueType = EffectsProblem.EFFECTS_PROBLEM_UNSPECIFIED
    """Why effects that are asked for cannot be had; unspecified: they can."""
    holds_effects: asyncio.Event | None = None
    """Orders about effects are answered when it is set."""
    refuses_effects: SalonError | None = None
    says_effects: bool = True
    """Whether it appends the event that goes with an answer."""
    serving: list[Endpoint[Any]] = field(default_factory=list)

    async def serve(self) -> None:
        relay_id = RelayId(self.relay_id)
        self.serving = [
            await self.bus.serve(command("relay", "negotiate", relay_id), Negotiate, self._negotiate),
            await self.bus.serve(command("relay", "close-transport", relay_id), CloseTransport, self._close),
            await self.bus.serve(command("relay", "set-effects", relay_id), SetEffects, self._set_effects),
        ]
        await self.announce()

    async def stop_serving(self) -> None:
        for serving in self.serving:
            await serving.stop()

    async def announce(self, ttl_s: int = 600) -> None:
        leases = LeaseBucket(self.bus, RELAYS_BUCKET)
        await leases.ensure()
        announcement = RelayAnnouncement(
            relay_id=self.relay_id,
            addresses=["127.0.0.1"],
            port=4000,
            capacity_packets_per_s=1000,
            packets_per_s=self.packets_per_s,
            draining=self.draining,
            epoch=self.epoch,
        )
        await leases.put(self.relay_id, announcement.SerializeToString(), ttl_s)

    async def keep_announced(self, ttl_s: int = 2) -> None:
        """Renews like a relay that lives, until it is cancelled."""
        while True:
            try:
                await self.announce(ttl_s)
            except BusUnavailable:
                continue
            await asyncio.sleep(ttl_s / 4)

    async def _negotiate(self, order: Negotiate, _: RequestContext) -> Negotiated:
        self.offered.add(order)
        if self.holds_offers is not None:
            await self.holds_offers.wait()
        if self.refuses_offers is not None:
            raise self.refuses_offers
        if not order.offer_sdp.startswith("v=0"):
            raise OfferMalformed(problem="no v=0")
        self.negotiated.append(order)
        if order.transport_id not in self.open:
            self.open[order.transport_id] = order
            if self.connects:
                await self.connect(order)
        bound = [(track.mid, track.stream_id) for track in order.tracks] or [("0", order.single_stream_id)]
        tracks = [
            Track(mid=mid, stream_id=stream, kind=MediaKind.MEDIA_KIND_VIDEO, codec="VP8") for mid, stream in bound
        ]
        return Negotiated(answer_sdp=f"v=0 answer {len(self.negotiated)}", tracks=tracks)

    async def connect(self, order: Negotiate) -> None:
        """The peer has come: that is when the relay says that a transport is open."""
        opened = TransportOpened(
            relay_id=self.relay_id,
            user_id=order.user_id,
            session_id=order.session_id,
            direction=order.direction,
        )
        await self.events.append(_entity(order), opened)

    async def _close(self, order: CloseTransport, _: RequestContext) -> TransportClosedReply:
        self.closed.append(order)
        await self.lose(order.transport_id, TransportCloseReason.TRANSPORT_CLOSE_REASON_ORDERED)
        return TransportClosedReply()

    async def lose(
        self,
        transport_id: str,
        reason: TransportCloseReason.ValueType = TransportCloseReason.TRANSPORT_CLOSE_REASON_CONSENT_EXPIRED,
    ) -> None:
        """The peer of a transport is gone."""
        order = self.open.pop(transport_id, None)
        if order is None:
            return
        self.changes.add(transport_id)
        closed = TransportClosed(
            relay_id=self.relay_id,
            user_id=order.user_id,
            session_id=order.session_id,
            direction=order.direction,
            reason=reason,
        )
        await self.events.append(_entity(order), closed)

    async def _set_effects(self, order: SetEffects, _: RequestContext) -> EffectsSet:
        self.effects.add(order)
        problem = self.problem  # as it was when the order came
        if self.holds_effects is not None:
            await self.holds_effects.wait()
        if self.refuses_effects is not None:
            raise self.refuses_effects
        if not order.enabled:
            if self.says_effects:
                await self.effects_stopped(order)
            return EffectsSet(state=EffectsState.EFFECTS_STATE_OFF)
        if problem:
            if self.says_effects:
                await self.effects_interrupted(order, problem)
            return EffectsSet(state=EffectsState.EFFECTS_STATE_UNAVAILABLE, problem=problem)
        if self.says_effects:
            await self.effects_started(order)
        return EffectsSet(state=EffectsState.EFFECTS_STATE_ON)

    async def effects_started(self, order: SetEffects) -> int:
        event = EffectsStarted(
            relay_id=self.relay_id,
            stream_id=order.stream_id,
            user_id=order.user_id,
            session_id=order.session_id,
            version=order.version,
            worker_id="worker-1",
        )
        return await self.events.append(_effects_state(order), event)

    async def effects_interrupted(self, order: SetEffects, problem: EffectsProblem.ValueType) -> int:
        event = EffectsInterrupted(
            relay_id=self.relay_id,
            stream_id=order.stream_id,
            user_id=order.user_id,
            session_id=order.session_id,
            version=order.version,
            problem=problem,
        )
        return await self.events.append(_effects_state(order), event)

    async def effects_stopped(self, order: SetEffects) -> int:
        event = EffectsStopped(
            relay_id=self.relay_id,
            stream_id=order.stream_id,
            user_id=order.user_id,
            session_id=order.session_id,
            version=order.version,
        )
        return await self.events.append(_effects_state(order), event)

    def open_of(self, user_id: str, direction: Direction.ValueType) -> list[str]:
        return [name for name, order in self.open.items() if (order.user_id, order.direction) == (user_id, direction)]


def _entity(order: Negotiate) -> Entity:
    session = RoomSessionId(order.room_session_id)
    return Entity(AppId(order.app_id), RoomId(order.room_id), session, "transport", order.transport_id)


def _effects_state(order: SetEffects) -> Entity:
    session = RoomSessionId(order.room_session_id)
    return Entity(AppId(order.app_id), RoomId(order.room_id), session, "effects-state", order.stream_id)
