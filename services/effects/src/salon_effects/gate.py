"""Lets in who knows a key, on a thread of its own: what strangers do there delays no frame.

A stranger is a connection whose key has not come yet. There is a number of them at a time and none stays longer than
2 s. When there is no place left, the one that has waited longest of the address that has most of them makes room, as
soon as it has had its time; until then nobody is let in. So whoever knows a key has the time to send it, and an address
with many strangers takes no place of others.
"""

import selectors
import socket
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from salon_frames.framing import KEY_BYTES
from salon_kit.http.client_address import address_group
from salon_kit.log import get_logger

from salon_effects import metrics

KEY_S: Final = 2.0
"""Seconds to send the key."""
STRANGERS_MAX: Final = 256
PATIENCE_S: Final = 0.25
"""What a stranger has in any case: far more than a key takes to arrive. 1,000 a second can try so."""
ACCEPTS_PER_TURN: Final = 64
TURN_S: Final = 0.016
"""Together 4,000 connections a second, a fifth of a processor. What comes faster is left to the backlog."""

log = get_logger()


@dataclass(slots=True)
class _Stranger:
    connection: socket.socket
    address: str
    came_s: float
    key: bytearray = field(default_factory=bytearray)


class Gate:
    """`start` it, then `close` it; `knows` and `admit` are called on its thread.

    `admit(key, connection)` owns the connection from then on; nothing after the key has been read.
    """

    def __init__(
        self, listener: socket.socket, knows: Callable[[bytes], bool], admit: Callable[[bytes, socket.socket], None]
    ) -> None:
        self._listener = listener
        self._knows = knows
        self._admit = admit
        self._strangers: OrderedDict[int, _Stranger] = OrderedDict()
        """By descriptor, the oldest first."""
        self._of_address: Counter[str] = Counter()
        self._is_listening = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    def start(self) -> None:
        self._listener.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()

    def close(self) -> None:
        """Listens no more, ends the strangers, and returns when the thread has ended; closing again does nothing."""
        self._waker.close()
        self._thread.join()

    # ---- on the thread ----

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception as error:  # the supervisor of the thread: streams that are open go on
            log.exception("gate-broken", err_code=type(error).__name__)
        finally:
            for stranger in list(self._strangers.values()):
                self._forget(stranger).close()
            self._selector.close()
            self._listener.close()
            self._woken.close()

    def _turn(self) -> bool:
        """False when it is to end."""
        now_s = time.monotonic()
        self._listen_if(self._has_room(now_s))
        for ready, _ in self._selector.select(self._timeout_s(now_s)):
            if ready.fileobj is self._woken:
                return False
            if ready.fileobj is self._listener:
                self._accept()
            elif (stranger := self._strangers.get(ready.fd)) is not None:
                self._read(stranger)
        now_s = time.monotonic()
        while (oldest := self._oldest()) is not None and oldest.came_s + KEY_S <= now_s:
            self._drop(oldest, "no-key")
        return True

    def _timeout_s(self, now_s: float) -> float | None:
        """Until a stranger's time is over, or there is room again."""
        oldest, next_to_go = self._oldest(), self._next_to_go()
        if oldest is None or next_to_go is None:
            return None
        until_s = oldest.came_s + KEY_S
        if not self._is_listening:
            until_s = min(until_s, next_to_go.came_s + PATIENCE_S)
        return max(0.0, until_s - now_s)

    def _listen_if(self, wanted: bool) -> None:
        if wanted and not self._is_listening:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._is_listening and not wanted:
            self._selector.unregister(self._listener)
        self._is_listening = wanted

    def _has_room(self, now_s: float) -> bool:
        next_to_go = self._next_to_go()
        return len(self._strangers) < STRANGERS_MAX or next_to_go is None or next_to_go.came_s + PATIENCE_S <= now_s

    def _oldest(self) -> _Stranger | None:
        return next(iter(self._strangers.values()), None)

    def _next_to_go(self) -> _Stranger | None:
        """Who makes room for another one when there is no place left."""
        if len(self._strangers) < STRANGERS_MAX:
            return self._oldest()
        most = max(self._of_address.values())
        return next(each for each in self._strangers.values() if self._of_address[each.address] == most)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            now_s = time.monotonic()
            if not self._has_room(now_s):
                return
            try:
                connection, peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # it has gone again, or there are no descriptors left
                log.debug("connection-not-accepted", detail=str(error))
                break
            if len(self._strangers) >= STRANGERS_MAX and (next_to_go := self._next_to_go()) is not None:
                self._drop(next_to_go, "strangers")
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)
            stranger = _Stranger(connection, address_group(str(peer[0])), now_s)
            self._strangers[connection.fileno()] = stranger
            self._of_address[stranger.address] += 1
        time.sleep(TURN_S)

    def _read(self, stranger: _Stranger) -> None:
        try:
            received = stranger.connection.recv(KEY_BYTES - len(stranger.key))
        except BlockingIOError:
            return
        except OSError:
            received = b""
        stranger.key += received
        if not received:
            self._drop(stranger, "no-key")
        elif len(stranger.key) == KEY_BYTES:
            key = bytes(stranger.key)
            if self._knows(key):
                self._admit(key, self._forget(stranger))
            else:
                self._drop(stranger, "wrong-key")

    def _drop(self, stranger: _Stranger, reason: str) -> None:
        metrics.CONNECTIONS_DROPPED.labels(reason=reason).inc()
        self._forget(stranger).close()

    def _forget(self, stranger: _Stranger) -> socket.socket:
        """A stranger no more; its connection."""
        self._selector.unregister(stranger.connection)
        del self._strangers[stranger.connection.fileno()]
        self._of_address[stranger.address] -= 1
        if not self._of_address[stranger.address]:
            del self._of_address[stranger.address]
        return stranger.connection
