"""Settings of the media relay."""

import ipaddress
import re
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode
from salon_kit.settings import HealthSettings, prefixed

from salon_relay.peers.quotas import Limits


class RelaySettings(HealthSettings):
    model_config = prefixed("SALON_RELAY_")

    health_port: int = Field(
        default=9103, ge=0, le=65535, description="TCP port of the health server; 0: any free one."
    )
    id: str = Field(
        default="",
        pattern=r"^[0-9A-Za-z_-]{0,64}$",
        description="Name of this relay, unique among running ones and stable over restarts; empty: the node's name.",
    )
    bind_host: str = Field(
        default="::",
        description="Local address of the media socket; `::`: every one, IPv6 and IPv4 (IPv4 alone where the kernel "
        "has no IPv6); `0.0.0.0`: every IPv4 address.",
    )
    port: int = Field(default=7882, ge=0, le=65535, description="UDP port of the media socket; 0: any free one.")
    public_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated addresses or host names under which clients reach the relay, the preferred one "
        "first. `own` among them stands for what the socket is bound to, or if that is every address, for those of "
        "this machine as they are at the time: not loopback, link-local or outdated ones, nor those of container "
        "bridges, at most 8, the ones towards the default route first. Empty: `own`.",
    )
    public_port: int = Field(default=0, ge=0, le=65535, description="UDP port clients are told; 0: the bound one.")
    region: str = Field(default="", max_length=64, description="Where the relay is; rooms prefer relays near them.")
    capacity_packets_per_s: int = Field(
        default=100_000, ge=1, description="Forwarded packets per second this relay is meant to carry."
    )
    lease_ttl_s: int = Field(default=2, ge=1, le=60, description="Seconds after which a silent relay counts as lost.")
    stall_timeout_s: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="Seconds after which a relay whose event loop does nothing any more counts as lost; "
        "until then its lease is renewed beside it.",
    )
    setup_timeout_s: float = Field(
        default=15.0, gt=0, le=120, description="Seconds a new peer connection has to finish ICE and DTLS."
    )
    max_transports: int = Field(default=4000, ge=1, description="Peer connections at a time.")
    max_half_open: int = Field(default=500, ge=1, description="Peer connections at a time that are not connected yet.")
    transports_per_user: int = Field(
        default=48, ge=0, description="Peer connections of one user at a time; 0: no limit of its own."
    )
    transports_per_app: int = Field(
        default=0, ge=0, description="Peer connections of one app at a time; 0: no limit of its own."
    )
    half_open_per_user: int = Field(
        default=8,
        ge=0,
        description="Peer connections of one user at a time that are not connected yet; 0: no limit of its own.",
    )
    half_open_per_address: int = Field(
        default=128,
        ge=0,
        description="Peer connections from one address (IPv6: one /64) at a time that are not connected yet; "
        "0: no limit of its own.",
    )
    half_open_per_app: int = Field(
        default=0,
        ge=0,
        description="Peer connections of one app at a time that are not connected yet; "
        "0: four fifths of all, so that one app leaves room for others.",
    )
    sources_per_user: int = Field(
        default=64,
        ge=0,
        description="Tracks (audio or video of a stream) one user publishes at a time; 0: no limit of its own.",
    )
    media_timeout_s: float = Field(
        default=30.0,
        ge=0,
        le=3600,
        description="Seconds after which a publisher's connected peer connection is closed when not one media packet "
        "has ever come over it; 0: never.",
    )

    transcoders_max: int = Field(
        default=8, ge=0, le=1000, description="Streams this relay has beautified at a time; 0: no effects here."
    )
    transcoders_per_user: int = Field(
        default=2,
        ge=0,
        le=1000,
        description="Streams of one user that are beautified at a time; 0: no limit of its own.",
    )
    transcoders_per_app: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Streams of one app that are beautified at a time; 0: no limit of its own.",
    )
    transcoder_spares: int = Field(
        default=1, ge=0, le=100, description="Transcoder processes kept warm for the next streams with effects."
    )
    ring_folder: str = Field(
        default="/dev/shm",  # noqa: S108  # memory that processes share
        description="Folder in memory where frames are handed to effects workers of the same machine.",
    )
    effect_deadline_ms: int = Field(
        default=40, ge=5, le=1000, description="Milliseconds a frame may be with an effects worker."
    )

    @field_validator("public_addresses", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator("bind_host")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        ipaddress.ip_address(value)
        return value


def limits_of(settings: RelaySettings) -> Limits:
    """What the peer connections are held to."""
    return Limits(
        transports=settings.max_transports,
        half_open=settings.max_half_open,
        setup_timeout_s=settings.setup_timeout_s,
        transports_per_user=settings.transports_per_user,
        transports_per_app=settings.transports_per_app,
        half_open_per_user=settings.half_open_per_user,
        half_open_per_address=settings.half_open_per_address,
        half_open_per_app=settings.half_open_per_app or max(1, settings.max_half_open * 4 // 5),
        sources_per_user=settings.sources_per_user,
        media_timeout_s=settings.media_timeout_s,
    )


def relay_id(settings: RelaySettings, node: str) -> str:
    """The relay's name as a subject token and key: its own setting, else the node's name without special characters."""
    return settings.id or re.sub(r"[^0-9A-Za-z_-]", "-", node)[:64]
