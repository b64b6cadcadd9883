"""When to connect again after a lost connection, and how long to wait for each try. Time comes in, pauses go out."""

import random
from collections.abc import Callable
from enum import Enum, IntEnum

from salon_sdk.errors import RATE_LIMITED, TOO_MANY_CONNECTIONS, EngineError, ErrorCode
from salon_sdk.timing import Timing


class Trouble(Enum):
    """Why there is no connection."""

    UNREACHABLE = "unreachable"
    """The socket went, or none could be opened: the next one may succeed at once."""
    UNANSWERED = "unanswered"
    """Somebody is there and does not answer in time."""
    REFUSED = "refused"
    """The server answered that it cannot at the moment."""
    OVERLOADED = "overloaded"
    """The server has more than it takes."""


class _Pace(IntEnum):
    """Only rises, until the connection lasts again."""

    QUICK = 0
    GROWING = 1
    LONG = 2


def trouble_of(error: EngineError) -> Trouble:
    """What a failed try means for the next one."""
    if error.reason in (RATE_LIMITED, TOO_MANY_CONNECTIONS):
        return Trouble.OVERLOADED
    if error.error_code == ErrorCode.REQUEST_TIMEOUT or isinstance(error.__cause__, TimeoutError):
        return Trouble.UNANSWERED
    if error.error_code in (ErrorCode.NETWORK_BROKEN, ErrorCode.SOCKET_CLOSED):
        return Trouble.UNREACHABLE
    return Trouble.REFUSED


class ReconnectSchedule:
    """From the loss of a connection until one that lasts."""

    def __init__(self, timing: Timing, dice: Callable[[], float] = random.random) -> None:
        self._timing = timing
        self._dice = dice
        self._online_since_s: float | None = None
        self._troubled_since_s: float | None = None
        self._pace = _Pace.QUICK
        self._quick_tries = 0
        self._slow_tries = 0
        self._unanswered = 0

    def next_s(self, trouble: Trouble, now_s: float) -> float:
        """The pause before the next try."""
        if self._troubled_since_s is None:
            self._troubled_since_s = now_s
        if trouble is Trouble.UNANSWERED:
            self._unanswered += 1
        if trouble is Trouble.OVERLOADED:
            self._pace = _Pace.LONG
        elif trouble is Trouble.REFUSED:
            self._pace = max(self._pace, _Pace.GROWING)
        if self._pace is _Pace.QUICK:
            return self._quick_s(now_s - self._troubled_since_s)
        self._slow_tries += 1
        if self._pace is _Pace.LONG:
            return self._timing.overload_s(self._slow_tries - 1)
        return self._timing.backoff_s(self._slow_tries - 1)

    @property
    def open_timeout_s(self) -> float:
        """For a WebSocket to open: a little more with each try that nobody answered."""
        return self._grown(self._timing.reopen_timeout_s, self._timing.open_timeout_s)

    @property
    def resume_timeout_s(self) -> float:
        """For a resume to be answered."""
        return self._grown(self._timing.resume_timeout_s, self._timing.request_timeout_s)

    def online(self, now_s: float) -> None:
        self._online_since_s = now_s

    def lost(self, now_s: float) -> None:
        """A loss soon after a success is part of the same trouble and does not begin with quick tries again."""
        if self._online_since_s is None or now_s - self._online_since_s <= self._timing.stable_s:
            return
        self._troubled_since_s = None
        self._pace = _Pace.QUICK
        self._quick_tries = self._slow_tries = self._unanswered = 0

    def _quick_s(self, troubled_s: float) -> float:
        timing = self._timing
        step_s = timing.quick_steps_s[min(self._quick_tries, len(timing.quick_steps_s) - 1)]
        ceiling_s = max(step_s, min(timing.backoff_max_s, troubled_s * timing.pause_share))
        # The first is drawn from all of its range: the clients of an instance that died come over a tenth of a second.
        floor_s = 0.0 if self._quick_tries == 0 else ceiling_s / 2
        self._quick_tries += 1
        return floor_s + (ceiling_s - floor_s) * self._dice()

    def _grown(self, first_s: float, max_s: float) -> float:
        return min(max_s, first_s * 2.0 ** min(self._unanswered, 16))
