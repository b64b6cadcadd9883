"""Where a stream's effects stand, and what may follow what."""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Phase(Enum):
    OFF = "off"
    """Nothing is asked for; no transcoder, no cost."""
    NO_VIDEO = "no-video"
    """Asked for, but there is no video track yet, or any more."""
    TAKING = "taking"
    """Waiting for a warm transcoder."""
    STARTING = "starting"
    """The transcoder is attached and gets frames; none has come back."""
    SWITCHING = "switching"
    """Beautified frames come; the packet path is asked to give them to the viewers."""
    ON = "on"
    SWITCHING_LATER = "switching-later"
    """Beautified frames come, but the packet path could not switch to them: asked again after a while."""
    RESTORING = "restoring"
    """The transcoder sends originals: back to the publisher's packets, while it looks for a worker."""
    TRYING = "trying"
    """Viewers get the publisher's packets; the transcoder gets frames to try workers with."""
    PAUSED = "paused"
    """As before, but between two trials: no frames for the transcoder, no cost."""
    BACKING_OFF = "backing-off"
    """The transcoder was lost; another is taken after a while."""
    FADING = "fading"
    """Turned off: the transcoder brings the effects down to nothing."""
    LEAVING = "leaving"
    """Turned off: back to the publisher's packets, then the transcoder is ended."""
    ENDED = "ended"
    """The stream is gone."""


_AWAY: Final = frozenset({Phase.OFF, Phase.NO_VIDEO, Phase.TAKING, Phase.ENDED})
"""Where turning off, the loss of the video, another video and the end of the stream lead."""

ALLOWED: Final[Mapping[Phase, frozenset[Phase]]] = {
    Phase.OFF: frozenset({Phase.NO_VIDEO, Phase.TAKING, Phase.ENDED}),
    Phase.NO_VIDEO: frozenset({Phase.OFF, Phase.TAKING, Phase.ENDED}),
    Phase.TAKING: frozenset({Phase.STARTING, Phase.BACKING_OFF, Phase.OFF, Phase.NO_VIDEO, Phase.ENDED}),
    Phase.STARTING: _AWAY | {Phase.SWITCHING, Phase.TRYING, Phase.BACKING_OFF},
    Phase.SWITCHING: _AWAY | {Phase.ON, Phase.SWITCHING_LATER, Phase.RESTORING, Phase.LEAVING, Phase.BACKING_OFF},
    Phase.ON: _AWAY | {Phase.SWITCHING_LATER, Phase.RESTORING, Phase.FADING, Phase.BACKING_OFF},
    Phase.SWITCHING_LATER: _AWAY | {Phase.ON, Phase.SWITCHING, Phase.TRYING, Phase.BACKING_OFF},
    Phase.RESTORING: _AWAY | {Phase.SWITCHING, Phase.TRYING, Phase.LEAVING, Phase.BACKING_OFF},
    Phase.TRYING: _AWAY | {Phase.SWITCHING, Phase.PAUSED, Phase.BACKING_OFF},
    Phase.PAUSED: _AWAY | {Phase.SWITCHING, Phase.TRYING, Phase.BACKING_OFF},
    Phase.BACKING_OFF: frozenset({Phase.OFF, Phase.NO_VIDEO, Phase.TAKING, Phase.ENDED}),
    Phase.FADING: frozenset({Phase.OFF, Phase.LEAVING, Phase.ENDED}),
    Phase.LEAVING: frozenset({Phase.OFF, Phase.ENDED}),
    Phase.ENDED: frozenset(),
}

ATTACHED: Final = frozenset(Phase) - {
    Phase.OFF,
    Phase.NO_VIDEO,
    Phase.TAKING,
    Phase.BACKING_OFF,
    Phase.ENDED,
}
"""A transcoder is connected to the packet path."""

TURNED_OFF: Final = frozenset({Phase.FADING, Phase.LEAVING})
"""The transcoder is on its way out and not to be used again, whatever is asked for meanwhile."""
