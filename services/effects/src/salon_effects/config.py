"""Settings of the effects worker."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode
from salon_kit.settings import HealthSettings, prefixed

_FILTER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:\s]+)):([0-9]{1,5})")


class EffectsSettings(HealthSettings):
    model_config = prefixed("SALON_EFFECTS_")

    health_port: int = Field(
        default=9104, ge=0, le=65535, description="TCP port of the health server; 0: any free one."
    )
    id: str = Field(
        default="",
        pattern=r"^[0-9A-Za-z_-]{0,64}$",
        description="Name of this worker, unique among running ones; empty: the node's name and a random part.",
    )
    filters: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("salon_effects.filters.beauty:apply",),
        description="What every frame goes through, in order: comma-separated `module:function`.",
    )
    threads: int = Field(default=2, ge=1, le=64, description="Frames in the filters at a time.")
    max_load: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Share of the threads' time that streams may take: with more than `max_load` x `threads` CPU "
        "seconds of filters per second the worker is full.",
    )
    max_streams: int = Field(default=64, ge=1, le=1000, description="Streams at a time.")
    ring_folder: Path = Field(
        default=Path("/dev/shm"),  # noqa: S108  # made there with O_EXCL and mode 0600
        description="Folder in shared memory where the relays of this machine put their frames: their "
        "`SALON_RELAY_RING_FOLDER`, under the same user.",
    )
    frames_address: str = Field(
        default="",
        description="`host:port` that relays without shared memory with this worker connect to; port 0: any free one; "
        "empty: none may. Raw pictures go over it unencrypted: for a private network only.",
    )
    frames_bind: str = Field(
        default="", description="Local `host:port` of that; empty: every address, and the port of `frames_address`."
    )

    @field_validator("filters", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator("filters")
    @classmethod
    def _are_functions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not all(_FILTER.fullmatch(name) for name in value):
            raise ValueError("must be module:function, several separated by commas")
        return value

    @field_validator("frames_address", "frames_bind")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value:
            parse_address(value)
        return value


def parse_address(text: str) -> tuple[str, int]:
    """`host:port` or `[IPv6]:port`. Raises ValueError."""
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[3]) > 65535:
        raise ValueError("must be host:port")
    return found[1] or found[2], int(found[3])
