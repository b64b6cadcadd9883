"""The log-ins of this instance in one room, and what is sent to them.

Each notice is encoded once; who came and went is sent together, before anything that happened later.
"""

import asyncio
import math
from collections.abc import Iterator
from typing import Protocol

from salon.room.v1.signal_pb2 import ServerMessage

from salon_room import metrics
from salon_room.core.notices import Notice, OneSession, Others, Receiver, includes
from salon_room.core.signal_json import encode
from salon_room.views.user_changes import Run, UserChanges, interval_s


class Listener(Protocol):
    """A log-in of this instance that is in the room."""

    @property
    def receiver(self) -> Receiver: ...

    @property
    def after_sequence(self) -> int:
        """What came up to here was sent already."""

    def send(self, notice: Notice, frame: str) -> None: ...

    def send_users(self, frame: str, through_sequence: int) -> None:
        """Who came and went; 0: the frame has no sequence, and more follows."""

    def transport_closed(self, transport_id: str) -> None: ...

    def ended(self) -> None:
        """The log-in is over by an event; the room has let go of the listener."""


class Listeners:
    def __init__(self) -> None:
        self._by_session: dict[str, Listener] = {}
        self._user_changes = UserChanges()
        self._users_sent_at_s = -math.inf
        """On the loop's clock."""
        self._users_due: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[Listener]:
        return iter(list(self._by_session.values()))

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._by_session

    def get(self, session_id: str) -> Listener | None:
        return self._by_session.get(session_id)

    def attach(self, listener: Listener) -> Listener | None:
        """The one of the same log-in until then."""
        before = self._by_session.get(listener.receiver.session_id)
        self._by_session[listener.receiver.session_id] = listener
        return before

    def detach(self, listener: Listener) -> None:
        if self._by_session.get(listener.receiver.session_id) is listener:
            del self._by_session[listener.receiver.session_id]

    def end(self, session_id: str) -> None:
        listener = self._by_session.pop(session_id, None)
        if listener is not None:
            listener.ended()

    def any_of(self, session_ids: set[str]) -> bool:
        return not session_ids.isdisjoint(self._by_session)

    def send(self, notice: Notice) -> None:
        if isinstance(notice.audience, OneSession):
            listener = self._by_session.get(notice.audience.session_id)
            receivers = [] if listener is None else [listener]
        else:
            receivers = [each for each in self._by_session.values() if includes(notice.audience, each.receiver)]
        if not receivers:
            return
        frame = encode(notice.message)
        metrics.NOTICES.inc(len(receivers))
        if isinstance(notice.audience, Others):
            self._send_all_users()
        for listener in receivers:
            self._send_users_to(listener)
            listener.send(notice, frame)

    # ---- who came and went ----

    def user_changed(self, message: ServerMessage) -> None:
        """Sent at once after a pause, else together with what comes until then."""
        if not self._by_session:
            return
        if not self._user_changes.add(message.sequence, message.users_changed):
            self._send_all_users()
            self._user_changes.add(message.sequence, message.users_changed)
        if self._users_due is None:
            self._send_users_in_time()

    def _send_users_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = self._users_sent_at_s + interval_s(len(self._by_session))
        if due_s <= loop.time():
            self._send_users()
        else:
            self._users_due = loop.call_at(due_s, self._send_users)

    def _send_users(self) -> None:
        """One frame to everybody."""
        self._users_due = None
        self._send_run(*self._user_changes.take())
        self._users_sent_at_s = asyncio.get_running_loop().time()
        if not self._user_changes.is_empty:
            self._send_users_in_time()

    def _send_all_users(self) -> None:
        """Because something is sent next that came later."""
        if self._users_due is not None:
            self._users_due.cancel()
            self._users_due = None
        while not self._user_changes.is_empty:
            self._send_run(*self._user_changes.take())
            self._users_sent_at_s = asyncio.get_running_loop().time()

    def _send_run(self, run: Run, sequence: int) -> None:
        """Who logged in meanwhile gets what came after that."""
        sent = 0
        for listener in self:
            if listener.receiver.wants_user_updates:
                frame = run.frame_after(listener.after_sequence, sequence)
                if frame is not None:
                    listener.send_users(frame, sequence)
                    sent += 1
        metrics.NOTICES.inc(sent)

    def _send_users_to(self, listener: Listener) -> None:
        """All that is left to one, because it is sent something of its own next."""
        if listener.receiver.wants_user_updates:
            frames = self._user_changes.frames_after(listener.after_sequence)
            metrics.NOTICES.inc(len(frames))
            for frame in frames:
                listener.send_users(frame, self._user_changes.last_sequence)
