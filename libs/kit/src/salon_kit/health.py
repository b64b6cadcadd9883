"""`/healthz`, `/readyz` and `/metrics` as a small ASGI app.

`Health.app` runs on its own port (`run_service` does that), which is not for the public: `/metrics` tells how much a
service has to do. `/healthz` and `/readyz` may also be routed to it by another ASGI app; it looks at the last part of
the path only.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from salon_kit.metrics import REGISTRY

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Check = Callable[[], str | None]

JSON = "application/json"


class Health:
    """Whether this process is alive and ready, and its numbers."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._draining = False

    def add_check(self, name: str, check: Check) -> None:
        """`check()` says why not ready in one sentence, or None; it must not block. Called at each `/readyz`."""
        if name in self._checks:
            raise ValueError(f"there is a check {name!r} already")
        self._checks[name] = check

    def set_draining(self) -> None:
        """From now on not ready: this process is going away."""
        self._draining = True

    def reasons(self) -> dict[str, str]:
        """Why not ready, by check; empty when ready."""
        reasons = {} if not self._draining else {"draining": "the process is stopping"}
        for name, check in self._checks.items():
            reason = check()
            if reason is not None:
                reasons[name] = reason
        return reasons

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        status, kind, body = await self._answer(scope["method"], str(scope["path"]).rpartition("/")[2])
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, method: str, path: str) -> tuple[int, str, bytes]:
        if path not in {"healthz", "readyz", "metrics"}:
            return 404, JSON, b'{"error":"not found"}'
        if method not in {"GET", "HEAD"}:
            return 405, JSON, b'{"error":"method not allowed"}'
        if path == "healthz":  # that this is answered at all is the proof
            return 200, JSON, b'{"alive":true}'
        if path == "readyz":
            reasons = self.reasons()
            body = json.dumps({"ready": not reasons, "reasons": reasons}).encode()
            return (503 if reasons else 200), JSON, body
        return 200, CONTENT_TYPE_LATEST, await asyncio.to_thread(generate_latest, REGISTRY)
