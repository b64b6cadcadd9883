"""What is sent on the link between the packet path of a relay and a transcoder: agreed here, and never signalled."""

from typing import Final

PAYLOAD_TYPE: Final = 96
"""Of the stream's codec, both ways."""
CLOCK_RATE_HZ: Final = 90_000
ORIGINAL_SSRC: Final = 1
"""The publisher's pictures, on their way to the transcoder."""
BEAUTIFIED_SSRC: Final = 2
"""What comes back."""
ORIENTATION_ID: Final = 1
"""Id of the video-orientation header extension (3GPP TS 26.114 section 7.4.5), both ways."""
COLOR_SPACE_ID: Final = 2
"""Id of the color-space header extension, both ways."""
