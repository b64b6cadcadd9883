"""Begins a trace with each HTTP request."""

from salon_kit.health import Receive, Scope, Send
from salon_kit.http.server import App
from salon_kit.trace import begin_trace


class TracedRequests:
    """ASGI middleware. The server runs each request in a task of its own; of a WebSocket each message is a request."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            begin_trace()
        await self._app(scope, receive, send)
