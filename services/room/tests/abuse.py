"""What the tests of quotas share: other addresses, and what somebody has left in the cloud."""

from collections.abc import Iterable

import httpx
from salon.relay.v1.relay_pb2 import Negotiate
from salon.room.v1.events_pb2 import Presence, StreamClaim
from salon_contracts.subjects import PRESENCE_BUCKET, STREAM_CLAIMS_BUCKET
from salon_kit.buckets import Bucket
from salon_kit.events import StoredEvent

from .conftest import Cloud
from .processes import RoomProcess
from .responders import APP, OFFER, token

NEIGHBOUR = "127.0.0.2"
"""Another address that reaches loopback."""
RECORD_BYTES = 30
"""What a JetStream record has beside subject, headers and body."""


def client_at(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=20, transport=httpx.AsyncHTTPTransport(local_address=address))


def bearer(secret: str) -> dict[str, str]:
    return {"content-type": "application/sdp", "authorization": f"Bearer {secret}"}


async def post(
    http: httpx.AsyncClient,
    room: RoomProcess,
    kind: str,
    user_id: str,
    stream_id: str = "cam",
    *,
    secret: str | None = None,
    room_id: str = "r",
) -> httpx.Response:
    """An offer by WHIP or WHEP."""
    params = {"app_id": str(APP), "room_id": room_id, "stream_id": stream_id}
    headers = bearer(token(user_id) if secret is None else secret)
    return await http.post(f"{room.http}/{kind}", params=params, headers=headers, content=OFFER)


async def claims_of(cloud: Cloud, user_id: str) -> int:
    entries = await Bucket(cloud.bus, STREAM_CLAIMS_BUCKET).entries()
    return sum(StreamClaim.FromString(entry.value).user_id == user_id for entry in entries)


async def is_present(cloud: Cloud, user_id: str) -> bool:
    entries = await Bucket(cloud.bus, PRESENCE_BUCKET).entries(str(APP))
    return any(Presence.FromString(entry.value).user_id == user_id for entry in entries)


def half_open_of(cloud: Cloud, user_id: str) -> list[Negotiate]:
    return [order for order in cloud.relay.open.values() if order.user_id == user_id]


def stored_bytes(events: Iterable[StoredEvent]) -> int:
    """About what they take in the stream."""
    total = 0
    for event in events:
        headers = {**event.envelope.to_headers(), "Nats-Msg-Id": event.envelope.id}
        total += (
            RECORD_BYTES + len(event.entity.subject) + sum(len(key) + len(text) + 4 for key, text in headers.items())
        )
        total += 0 if event.message is None else event.message.ByteSize()
    return total
