"""The WebSocket endpoint, and the connections that are open at this instance."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from salon_contracts.ids import new_id
from salon_kit.bus import Bus
from salon_kit.log import bound, get_logger
from starlette.websockets import WebSocket

from salon_room import metrics
from salon_room.background import Spawn
from salon_room.config import RoomSettings
from salon_room.core.connection.close_code import CloseCode
from salon_room.core.connection.connection import Bounds
from salon_room.core.connection.verb import Verb
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.members.presence import PresenceBook
from salon_room.quotas import ClientAddress, client_address
from salon_room.signaling.entries import Entries
from salon_room.signaling.websocket import WebSocketConnection

log = get_logger()

DRAIN_TIMEOUT_S = 5.0


class Gateway:
    def __init__(
        self,
        bus: Bus,
        settings: RoomSettings,
        spawn: Spawn,
        verbs: Mapping[str, Verb[Participant]],
        entries: Entries,
        logouts: Logouts,
        presence: PresenceBook,
    ) -> None:
        self._spawn = spawn
        self._verbs = verbs
        self._entries = entries
        self._logouts = logouts
        self._presence = presence
        self._bounds = Bounds(
            hello_timeout_s=settings.hello_timeout_s,
            presence_ttl_s=settings.presence_ttl_s,
            queue_max_frames=settings.queue_max_frames,
            queue_max_bytes=settings.queue_max_bytes,
        )
        self._connections_max = settings.max_connections
        self._waiting_max = settings.max_connections_per_address
        self._connections: dict[WebSocketConnection, asyncio.Task[None] | None] = {}
        self._waiting: Counter[ClientAddress] = Counter()
        """Connections without a log-in, by address group."""
        self._draining = False
        bus.on_connection(self._bus_changed)
        bus.jetstream.storage.on_change(self._bus_changed)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from its handshake to its end."""
        await socket.accept()
        if self._draining:
            await socket.close(CloseCode.GOING_AWAY, CloseCode.GOING_AWAY.reason)
            return
        address = client_address(socket)
        if self._is_full_for(address):
            metrics.CLOSES.labels(code=str(CloseCode.TOO_MANY_CONNECTIONS.value)).inc()
            await socket.close(CloseCode.TOO_MANY_CONNECTIONS, CloseCode.TOO_MANY_CONNECTIONS.reason)
            return
        waits = True

        def no_longer_waits() -> None:
            nonlocal waits
            if waits:
                waits = False
                self._waiting[address] -= 1
                if not self._waiting[address]:
                    del self._waiting[address]

        connection = WebSocketConnection(
            socket,
            self._verbs,
            self._bounds,
            self._entries,
            self._logouts,
            self._presence,
            self._spawn,
            on_entered=no_longer_waits,
        )
        self._connections[connection] = asyncio.current_task()
        self._waiting[address] += 1
        metrics.CONNECTIONS.inc()
        try:
            with bound(connection_id=new_id("w")):
                await connection.run()
        finally:
            del self._connections[connection]
            no_longer_waits()
            metrics.CONNECTIONS.dec()

    def _is_full_for(self, address: ClientAddress) -> bool:
        return len(self._connections) >= self._connections_max or 0 < self._waiting_max <= self._waiting[address]

    async def drain(self) -> None:
        """Tells everybody to come back elsewhere and waits until the sockets are closed. Log-ins go on."""
        self._draining = True
        tasks = [task for task in self._connections.values() if task is not None]
        for connection in list(self._connections):
            connection.stop()
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN_TIMEOUT_S)
        log.info("gateway-drained", count=len(tasks))

    def _bus_changed(self, connected: bool) -> None:
        if connected:
            for connection in list(self._connections):
                connection.renew_now()
