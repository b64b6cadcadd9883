"""The video track whose effects are controlled."""

from dataclasses import dataclass

from salon_relay.effects.core.outputs import Hold
from salon_relay.effects.core.timing import HOLD_MS


@dataclass(frozen=True, slots=True)
class Video:
    source: int
    flows: bool
    is_seen: bool
    """Somebody may have got a picture of it: it is not held any more."""

    def begun(self) -> "Video":
        """Its first packet has come."""
        return Video(self.source, flows=True, is_seen=True)

    def held(self) -> "Video":
        """It has been held once; when it flows already, that was the only time."""
        return Video(self.source, self.flows, is_seen=self.flows)

    def hold(self) -> Hold:
        return Hold(self.source, HOLD_MS)
