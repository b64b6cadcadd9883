"""How long the client waits and tries: one frozen value per engine, so that tests need not wait."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    backoff_min_s: float = 0.2
    backoff_max_s: float = 5.0
    open_timeout_s: float = 5.0
    """For the WebSocket's handshake."""
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
        delay = min(self.backoff_max_s, self.backoff_min_s * 2.0 ** min(failures, 16))
        return delay * (1 + 0.3 * random.random())  # noqa: S311  # spreads clients; nobody guards anything with it
