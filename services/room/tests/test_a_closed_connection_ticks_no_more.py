import asyncio
from types import SimpleNamespace
from typing import Any

from salon_kit.http.websocket import EXTENSION
from salon_room.core.connection.close_code import CloseCode
from salon_room.core.connection.connection import Bounds
from salon_room.signaling.websocket import WebSocketConnection
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

NOTHING: Any = None


async def test_who_is_closed_for_its_silence_is_not_looked_at_again_while_its_socket_is_being_closed() -> None:
    closing, peer_answers = asyncio.Event(), asyncio.Event()
    sent: list[Message] = []

    async def receive() -> Message:
        await peer_answers.wait()
        return {"type": "websocket.disconnect", "code": CloseCode.HEARTBEAT_TIMEOUT}

    async def send(message: Message) -> None:
        sent.append(message)
        closing.set()
        await peer_answers.wait()

    scope = {"type": "websocket", "headers": [], "extensions": {EXTENSION: SimpleNamespace()}}
    socket = WebSocket(scope, receive, send)
    socket.client_state = socket.application_state = WebSocketState.CONNECTED
    bounds = Bounds(hello_timeout_s=0.0, presence_ttl_s=0.0, queue_max_frames=8, queue_max_bytes=1000)
    connection = WebSocketConnection(socket, {}, bounds, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    running = asyncio.create_task(connection.run())
    await asyncio.sleep(0)
    (ticker,) = (task for task in asyncio.all_tasks() if task.get_name() == "connection-ticker")
    try:
        await closing.wait()
        assert ticker.done(), "it ticks still"
        assert not running.done()
    finally:
        peer_answers.set()
        await running
    assert [message["type"] for message in sent] == ["websocket.close"]
