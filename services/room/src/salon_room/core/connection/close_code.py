"""Why the server closes a connection. What the client does then: docs/protocol.md."""

from enum import IntEnum


class CloseCode(IntEnum):
    NORMAL = 1000
    """After the reply to Logout."""
    GOING_AWAY = 1001
    """This instance stops: resume."""
    NOT_TEXT = 1003
    """A binary frame."""
    LOGIN_TIMEOUT = 4000
    """Not logged in within the time for it."""
    HEARTBEAT_TIMEOUT = 4001
    """Nothing received for the presence's time to live."""
    LOGGED_OUT = 4002
    """The log-in is over."""
    RESUMED_ELSEWHERE = 4003
    """The log-in goes on on another connection."""
    TOO_SLOW = 4008
    """The queue was full: resume."""
    MALFORMED = 4400
    """Too many frames that could not be read."""
    TOO_MANY_CONNECTIONS = 4429
    INTERNAL = 4500
    """A bug on the server's side: resume, else log in again."""

    @property
    def reason(self) -> str:
        """What the close frame says."""
        return self.name.lower().replace("_", "-")
