"""How many peer connections each user, address and app has here, and whether one more is allowed. Pure.

A half-open peer connection is a matter of seconds: one too many is `RateLimited`, and trying again is right. One that
stands is not: too many are `QuotaExceeded`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from salon_contracts.errors import NoRelayAvailable, QuotaExceeded, RateLimited
from salon_contracts.ids import AppId, UserId


@dataclass(frozen=True, slots=True)
class Limits:
    """At a time, except for the seconds. 0 in one of the optional ones: no limit of its own."""

    transports: int
    half_open: int
    setup_timeout_s: float
    transports_per_user: int = 0
    transports_per_app: int = 0
    half_open_per_user: int = 0
    half_open_per_address: int = 0
    half_open_per_app: int = 0
    sources_per_user: int = 0
    media_timeout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a peer connection counts for."""

    app_id: AppId
    user_id: UserId
    """Empty: for no user."""
    address: str
    """As limits count addresses; empty: not known, and so for none."""


_Key = tuple[str | int, ...]
_EVERYBODY: Final[_Key] = ()


class Quotas:
    """Ask `check` before a peer connection begins, then say what becomes of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._transports: Counter[_Key] = Counter()
        self._half_open: Counter[_Key] = Counter()

    @property
    def transports(self) -> int:
        return self._transports[_EVERYBODY]

    @property
    def half_open(self) -> int:
        return self._half_open[_EVERYBODY]

    def check(self, owner: Owner) -> None:
        """Raises RateLimited, QuotaExceeded or NoRelayAvailable when there is no room for one more."""
        limits = self._limits
        if self.transports >= limits.transports:
            raise NoRelayAvailable
        for limit, key, of_whom in (
            (limits.transports_per_user, _user(owner), "of this user"),
            (limits.transports_per_app, _app(owner), "of this app"),
        ):
            if limit and key is not None and self._transports[key] >= limit:
                raise QuotaExceeded(limit=f"{limit} peer connections {of_whom} on one relay")
        for limit, key, of_whom in (
            (limits.half_open, _EVERYBODY, "in all"),
            (limits.half_open_per_user, _user(owner), "of this user"),
            (limits.half_open_per_address, _address(owner), "from this address"),
            (limits.half_open_per_app, _app(owner), "of this app"),
        ):
            if limit and key is not None and self._half_open[key] >= limit:
                raise RateLimited(limit=f"{limit} peer connections {of_whom} that are not connected yet")

    def begin(self, owner: Owner) -> None:
        """A new peer connection, half-open."""
        _add(self._transports, owner, 1)
        _add(self._half_open, owner, 1)

    def connected(self, owner: Owner) -> None:
        """It is not half-open any more."""
        _add(self._half_open, owner, -1)

    def end(self, owner: Owner, *, was_connected: bool) -> None:
        _add(self._transports, owner, -1)
        if not was_connected:
            _add(self._half_open, owner, -1)


def _user(owner: Owner) -> _Key | None:
    return ("user", owner.app_id, owner.user_id) if owner.user_id else None


def _address(owner: Owner) -> _Key | None:
    return ("address", owner.address) if owner.address else None


def _app(owner: Owner) -> _Key | None:
    return ("app", owner.app_id)


def _keys(owner: Owner) -> Iterator[_Key]:
    yield _EVERYBODY
    yield from (key for key in (_user(owner), _address(owner), _app(owner)) if key is not None)


def _add(counts: "Counter[_Key]", owner: Owner, by: int) -> None:
    """Nothing is kept of who has none."""
    for key in _keys(owner):
        counts[key] += by
        if not counts[key]:
            del counts[key]
