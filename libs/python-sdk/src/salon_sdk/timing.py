"""How long the client waits and tries: one frozen value per engine, so that tests need not wait."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    quick_steps_s: tuple[float, ...] = (0.1, 0.1, 0.2, 0.3)
    """The longest first pauses after a lost connection; the last one repeats until the share below is more."""
    pause_share: float = 0.1
    """Of the time without a connection: however long that was, nobody makes it much longer by sleeping."""
    stable_s: float = 5.0
    """What is lost sooner after a success than this is the same trouble still."""
    backoff_min_s: float = 0.2
    backoff_max_s: float = 5.0
    overload_min_s: float = 2.0
    """The first pause where the service says that it has more than it takes."""
    overload_max_s: float = 10.0
    open_timeout_s: float = 5.0
    """For the WebSocket's handshake."""
    reopen_timeout_s: float = 3.0
    """The same for the first try after a lost connection; doubled with each that nobody answers."""
    resume_timeout_s: float = 4.0
    """For the first resume to be answered, likewise up to `request_timeout_s`."""
    login_timeout_s: float = 15.0
    request_timeout_s: float = 10.0
    logout_timeout_s: float = 1.0
    media_timeout_s: float = 10.0
    """From an answer to a connected peer connection."""
    start_timeout_s: float = 20.0
    """For the first publish or play of a stream, tries together."""
    retry_window_s: float = 300.0
    """For getting a room or a stream back that was lost."""
    token_warning_s: float = 30.0

    def backoff_s(self, failures: int) -> float:
        """How long to wait after that many failures in a row: doubled each time, with up to 30 % on top."""
        return _doubled_s(self.backoff_min_s, self.backoff_max_s, failures)

    def overload_s(self, failures: int) -> float:
        """The same for a service that has more than it takes."""
        return _doubled_s(self.overload_min_s, self.overload_max_s, failures)


def _doubled_s(min_s: float, max_s: float, failures: int) -> float:
    delay_s = min(max_s, min_s * 2.0 ** min(failures, 16))
    return delay_s * (1 + 0.3 * random.random())  # noqa: S311  # spreads clients; nobody guards anything with it
