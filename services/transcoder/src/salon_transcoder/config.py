"""Settings of a transcoder process; it has the relay's environment."""

from pydantic import Field
from salon_kit.settings import SalonSettings, prefixed


class TranscoderSettings(SalonSettings):
    model_config = prefixed("SALON_TRANSCODER_")

    ring_folder: str = Field(
        default="/dev/shm",  # noqa: S108  # memory that processes share
        description="Folder in memory where frames are handed to effects workers of the same machine.",
    )
    deadline_ms: int = Field(
        default=40, ge=5, le=1000, description="Milliseconds a frame may be with an effects worker."
    )
