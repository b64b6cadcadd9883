"""Where one connection stands between its first frame and its last."""

from enum import Enum

from salon_contracts.errors import AlreadyLoggedIn, InvariantBroken, NotLoggedIn, RequestMalformed


class ConnectionState(Enum):
    CONNECTED = "connected"
    """Nothing heard yet; only Hello is allowed."""
    GREETED = "greeted"
    """Welcome is sent; Login or Resume may come."""
    LOGGING_IN = "logging-in"
    LOGGED_IN = "logged-in"
    LEAVING = "leaving"
    """Logout is being carried out, or the server has ended the log-in."""
    CLOSED = "closed"


class Departure(Enum):
    """What the client has said of leaving."""

    NONE = "none"
    """Nothing, which is all that one whose network is gone can say."""
    LIKELY = "likely"
    """Its socket was closed as by a page that is left. Some browsers do that before the page may say anything."""
    CERTAIN = "certain"
    """Logout. That holds although its socket may be gone before its turn comes."""


ALLOWED: dict[ConnectionState, frozenset[ConnectionState]] = {
    ConnectionState.CONNECTED: frozenset({ConnectionState.GREETED, ConnectionState.CLOSED}),
    ConnectionState.GREETED: frozenset({ConnectionState.LOGGING_IN, ConnectionState.CLOSED}),
    ConnectionState.LOGGING_IN: frozenset({ConnectionState.GREETED, ConnectionState.LOGGED_IN, ConnectionState.CLOSED}),
    ConnectionState.LOGGED_IN: frozenset({ConnectionState.LEAVING, ConnectionState.CLOSED}),
    ConnectionState.LEAVING: frozenset({ConnectionState.CLOSED}),
    ConnectionState.CLOSED: frozenset(),
}


class ConnectionMachine:
    """The one place that changes a connection's state."""

    def __init__(self) -> None:
        self.state = ConnectionState.CONNECTED

    def enter(self, state: ConnectionState) -> None:
        if state not in ALLOWED[self.state]:
            raise InvariantBroken(f"a connection went from {self.state.value} to {state.value}")
        self.state = state

    @property
    def is_closed(self) -> bool:
        return self.state is ConnectionState.CLOSED

    def close(self) -> bool:
        """True the first time."""
        if self.state is ConnectionState.CLOSED:
            return False
        self.enter(ConnectionState.CLOSED)
        return True

    def require_hello_allowed(self) -> None:
        if self.state is not ConnectionState.CONNECTED:
            raise RequestMalformed(problem="hello was said already")

    def require_login_allowed(self) -> None:
        if self.state is ConnectionState.CONNECTED:
            raise RequestMalformed(problem="the first frame must be hello")
        if self.state is not ConnectionState.GREETED:
            raise AlreadyLoggedIn

    def require_logged_in(self) -> None:
        if self.state is ConnectionState.CONNECTED:
            raise RequestMalformed(problem="the first frame must be hello")
        if self.state is not ConnectionState.LOGGED_IN:
            raise NotLoggedIn
