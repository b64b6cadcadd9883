"""How long the controller of a stream's effects waits for what."""

from typing import Final

SECOND_NS: Final = 1_000_000_000

PATIENCE_NS: Final = 1_800_000_000
"""From being asked to the answer that it cannot be had for now."""
HOLD_MS: Final = 2000
FADE_NS: Final = 500_000_000
SWITCH_NS: Final = SECOND_NS
"""The packet path says earlier than that how a switch went, unless the event was lost."""
LEAVE_NS: Final = SECOND_NS
"""For the publisher's next key frame. After that viewers wait for it without a picture."""
RESTORE_NS: Final = 5 * SECOND_NS
"""The same, while the transcoder's originals are there to be watched."""
SILENCE_NS: Final = 5 * SECOND_NS
"""A transcoder counts aloud once a second."""
TRY_FIRST_NS: Final = 10 * SECOND_NS
TRY_AGAIN_NS: Final = 3 * SECOND_NS
PAUSE_NS: Final = 10 * SECOND_NS
SWITCH_AGAIN_NS: Final = (250_000_000, 8 * SECOND_NS)
"""First and longest wait; it doubles in between."""
SWITCHES_MAX: Final = 4
"""Attempts in a row, before another transcoder is taken."""
RESPAWN_NS: Final = (500_000_000, 30 * SECOND_NS)
HEALTHY_NS: Final = 60 * SECOND_NS
"""After so long with beautified frames the next wait is the first again."""
