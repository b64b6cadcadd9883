"""The ASGI app: WebSocket, WHIP/WHEP, demo page, SDK file, health.

Balancers look at `/healthz` and `/readyz` here, as clients would; `/metrics` is for operators, on the health port only.
"""

from pathlib import Path

import salon_web_sdk
from fastapi import FastAPI
from salon_kit.health import Health, Receive, Scope, Send
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket

from salon_room.http import security_headers, whip
from salon_room.http.beacon_logouts import BeaconLogouts
from salon_room.http.demo_tokens import DemoTokens
from salon_room.http.errors import plain_error
from salon_room.http.static import Files
from salon_room.http.traces import TracedRequests
from salon_room.http.whep_viewers import WhepViewers
from salon_room.http.whip_publishers import WhipPublishers
from salon_room.quotas import Quotas
from salon_room.signaling.gateway import Gateway

DEMO = Path(__file__).parents[1] / "demo"


def build_app(
    gateway: Gateway,
    beacon_logouts: BeaconLogouts,
    whip_publishers: WhipPublishers,
    whep_viewers: WhepViewers,
    quotas: Quotas,
    demo_tokens: DemoTokens,
    health: Health,
) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(TracedRequests)
    demo = Files(DEMO, security_headers.of_page)
    sdk = Files(Path(salon_web_sdk.DIST), security_headers.of_shared_file)

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await gateway.serve(socket)

    @app.post("/ws")
    async def beacon_logout(request: Request) -> Response:
        return await beacon_logouts.answer(request)

    whip.add_routes(app, whip_publishers, whep_viewers, quotas)

    @app.post("/demo/token")
    async def demo_token(request: Request) -> Response:
        return await demo_tokens.answer(request)

    @app.get("/sdk/{name}")
    async def sdk_file(request: Request, name: str) -> Response:
        return await sdk.answer(request, name)

    for path in ("/healthz", "/readyz"):
        app.router.routes.append(Route(path, endpoint=_Asgi(health)))

    @app.get("/")
    async def index(request: Request) -> Response:
        return await demo.answer(request, "index.html")

    @app.get("/{name}")
    async def demo_file(request: Request, name: str) -> Response:
        return await demo.answer(request, name)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
        return plain_error(error.status_code, code, str(error.detail), dict(error.headers or {}))

    return app


class _Asgi:
    """A route takes functions for request handlers, and only objects for ASGI apps."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._health.app(scope, receive, send)
