"""The WebSocket endpoint, and the sessions that are open at this instance."""

import asyncio
from collections import Counter
from collections.abc import Callable

from salon_kit.bus import Bus
from salon_kit.log import bound, get_logger
from starlette.websockets import WebSocket

from salon_room import metrics
from salon_room.quotas import ClientAddress, client_address
from salon_room.signaling.requests import Verbs
from salon_room.signaling.send_queue import CloseCode
from salon_room.signaling.session import Session

log = get_logger()

DRAIN_TIMEOUT_S = 5.0


class Gateway:
    def __init__(self, bus: Bus, verbs: Verbs, connection_id: Callable[[], str]) -> None:
        self._verbs = verbs
        self._connection_id = connection_id
        self._sessions: dict[Session, asyncio.Task[None] | None] = {}
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

        session = Session(socket, self._verbs, on_entered=no_longer_waits)
        self._sessions[session] = asyncio.current_task()
        self._waiting[address] += 1
        metrics.CONNECTIONS.inc()
        try:
            with bound(connection_id=self._connection_id()):
                await session.run()
        finally:
            del self._sessions[session]
            no_longer_waits()
            metrics.CONNECTIONS.dec()

    def _is_full_for(self, address: ClientAddress) -> bool:
        settings = self._verbs.settings
        allowed = settings.max_connections_per_address
        return len(self._sessions) >= settings.max_connections or 0 < allowed <= self._waiting[address]

    async def drain(self) -> None:
        """Tells everybody to come back elsewhere and waits until the sockets are closed. Log-ins go on."""
        self._draining = True
        tasks = [task for task in self._sessions.values() if task is not None]
        for session in list(self._sessions):
            session.go_away()
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN_TIMEOUT_S)
        log.info("gateway-drained", count=len(tasks))

    def _bus_changed(self, connected: bool) -> None:
        if connected:
            for session in list(self._sessions):
                session.renew_now()
