"""What one user, one address and one app may have of this instance.

A limit counts what this instance does: who spreads over several instances has it as often. Only what a room's events
say is counted over all instances: streams, streams with effects, log-ins of an app. Each limit is asked before anything
is taken, so a request that is refused leaves nothing behind.
"""

import time
from collections.abc import Callable, Hashable
from typing import NewType

from salon_contracts.errors import QuotaExceeded, RateLimited, SalonError
from salon_contracts.ids import AppId
from salon_kit.http.client_address import address_group
from starlette.requests import HTTPConnection

from salon_room.config import RoomSettings
from salon_room.core.limits import Rate
from salon_room.core.quotas import Counts, Place, Rates, hold_each, take_each

ClientAddress = NewType("ClientAddress", str)
"""As limits count it: see salon_kit.http.client_address."""
UNKNOWN_ADDRESS = ClientAddress("")


def client_address(connection: HTTPConnection) -> ClientAddress:
    return ClientAddress(address_group(connection.client.host if connection.client is not None else ""))


class Quotas:
    """`now_ns` is a monotonic clock."""

    def __init__(self, settings: RoomSettings, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        s = self._settings = settings
        self._now_ns = now_ns
        self._attempts = _rates(
            s.attempts_per_address_per_s, s.attempts_per_address_burst, "log-in attempts", "address"
        )
        self._log_ins = _rates(s.log_ins_per_user_per_s, s.log_ins_per_user_burst, "log-ins or resumes", "user")
        self._offers = _rates(s.offers_per_user_per_s, s.offers_per_user_burst, "offers", "user")
        self._address_offers = _rates(s.offers_per_address_per_s, s.offers_per_address_burst, "offers", "address")
        self._peer_connections = _rates(
            s.peer_connections_per_user_per_s, s.peer_connections_per_user_burst, "new peer connections", "user"
        )
        self._effects = _rates(s.effects_per_user_per_s, s.effects_per_user_burst, "changes of effects", "user")
        self._mutes = _rates(s.mutes_per_user_per_s, s.mutes_per_user_burst, "changes of what is muted", "user")
        self._room_mutes = _rates(s.mutes_per_room_per_s, s.mutes_per_room_burst, "changes of what is muted", "room")
        self._event_bytes = _rates(
            s.event_bytes_per_user_per_s, s.event_bytes_per_user_burst, "bytes of events", "user"
        )
        self._app_event_bytes = _rates(
            s.event_bytes_per_app_per_s, s.event_bytes_per_app_burst, "bytes of events", "app"
        )
        # Over in a moment by itself.
        self._under_way = _counts(s.offers_under_way_per_user, "offers under way", "user", RateLimited)
        self._address_under_way = _counts(s.offers_under_way_per_address, "offers under way", "address", RateLimited)
        self._viewers = _counts(s.whep_viewers_per_user, "WHEP viewers", "user")
        self._address_viewers = _counts(s.whep_viewers_per_address, "WHEP viewers", "address")
        self._app_viewers = _counts(s.whep_viewers_per_app, "WHEP viewers", "app")

    # ---- rates; each raises RateLimited ----

    def attempt(self, address: ClientAddress) -> None:
        """A token or a resume key of somebody is to be looked at, who has proved nothing yet."""
        self._attempts.take(address, 1, self._now_ns())

    def log_in(self, app_id: AppId, user_id: str, event_bytes: int) -> None:
        """`event_bytes` of the log-out as well, which nothing may refuse."""
        wanted = [(self._log_ins, (app_id, user_id), 1.0), *self._bytes(app_id, user_id, event_bytes)]
        take_each(wanted, self._now_ns())

    def resume(self, app_id: AppId, user_id: str) -> None:
        """Counts as a log-in: what was missed is read again."""
        self._log_ins.take((app_id, user_id), 1, self._now_ns())

    def viewer_stops(self, app_id: AppId, user_id: str) -> None:
        """Counts as an offer: a room is followed and its relay asked."""
        self._offers.take((app_id, user_id), 1, self._now_ns())

    def peer_connection(self, app_id: AppId, user_id: str, event_bytes: int) -> None:
        """A new one; `event_bytes` of its end as well."""
        wanted = [(self._peer_connections, (app_id, user_id), 1.0), *self._bytes(app_id, user_id, event_bytes)]
        take_each(wanted, self._now_ns())

    def effects(self, app_id: AppId, user_id: str, event_bytes: int) -> None:
        """A change of what a stream's effects are."""
        wanted = [(self._effects, (app_id, user_id), 1.0), *self._bytes(app_id, user_id, event_bytes)]
        take_each(wanted, self._now_ns())

    def mute(self, app_id: AppId, user_id: str, room_session_id: str, event_bytes: int) -> None:
        """A change of what is muted of a stream: everybody in the room is told."""
        wanted = [(self._mutes, (app_id, user_id), 1.0), *self._bytes(app_id, user_id, event_bytes)]
        wanted.append((self._room_mutes, room_session_id, 1.0))
        take_each(wanted, self._now_ns())

    def events(self, app_id: AppId, user_id: str, event_bytes: int) -> None:
        take_each(self._bytes(app_id, user_id, event_bytes), self._now_ns())

    def check_events(self, app_id: AppId, user_id: str, event_bytes: int) -> None:
        """Like `events`, and takes nothing."""
        now_ns = self._now_ns()
        for rates, key, cost in self._bytes(app_id, user_id, event_bytes):
            rates.check(key, cost, now_ns)

    def _bytes(self, app_id: AppId, user_id: str, size_bytes: int) -> list[tuple[Rates, Hashable, float]]:
        return [(self._event_bytes, (app_id, user_id), size_bytes), (self._app_event_bytes, app_id, size_bytes)]

    # ---- counts ----

    def offer(self, app_id: AppId, user_id: str, address: ClientAddress) -> Place:
        """To be released when the offer is answered. Raises RateLimited."""
        user = (app_id, user_id)
        place = hold_each([(self._under_way, user), (self._address_under_way, address)])
        try:
            take_each([(self._offers, user, 1.0), (self._address_offers, address, 1.0)], self._now_ns())
        except SalonError:
            place.release()
            raise
        return place

    def viewer(self, app_id: AppId, user_id: str, address: ClientAddress) -> Place:
        """To be released when the peer connection is closed. Raises QuotaExceeded."""
        return hold_each(
            [
                (self._viewers, (app_id, user_id)),
                (self._address_viewers, address),
                (self._app_viewers, app_id),
            ]
        )

    # ---- what a room's events say; each raises QuotaExceeded ----

    def another_stream(self, of_user: int, of_app: Callable[[], int]) -> None:
        """`of_user` and `of_app`: how many there are."""
        _check(self._settings.streams_per_user, lambda: of_user, "streams of one user")
        _check(self._settings.streams_per_app, of_app, "streams of one app")

    def another_stream_with_effects(self, of_user: int) -> None:
        _check(self._settings.effects_streams_per_user, lambda: of_user, "streams with effects of one user")

    def another_log_in(self, of_app: Callable[[], int]) -> None:
        _check(self._settings.log_ins_per_app, of_app, "log-ins of one app")


def _rates(per_s: float, burst: float, what: str, whose: str) -> Rates:
    return Rates(Rate(per_s, burst, f"{per_s:g} {what} a second of one {whose}, {burst:g} at once"))


def _counts(
    limit: int, what: str, whose: str, error: type[QuotaExceeded] | type[RateLimited] = QuotaExceeded
) -> Counts:
    return Counts(limit, f"{limit} {what} of one {whose}", error)


def _check(limit: int, count: Callable[[], int], what: str) -> None:
    if 0 < limit <= count():
        raise QuotaExceeded(limit=f"{limit} {what}")
