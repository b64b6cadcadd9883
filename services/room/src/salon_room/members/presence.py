"""Presence: one lease per app and user says which log-in is the present one, and that it is alive.

Whoever takes the lease is the newest; a log-in that was appended is only good if its lease can be confirmed afterwards.
Two log-ins of one user that run at once can therefore not both succeed: either the newer sees the older's events, or
the older's `confirm` fails.
"""

import hashlib
import hmac
from dataclasses import dataclass

from salon.room.v1.events_pb2 import Presence, ReplacedLogin
from salon_contracts.errors import Conflict, LoggedInElsewhere, SessionGone
from salon_contracts.ids import AppId, UserId, new_id
from salon_contracts.subjects import presence_key
from salon_kit.buckets import Entry, LeaseBucket

TAKE_ATTEMPTS = 20
LEAVING_TTL_S = 3
"""A page that is left is not to be seen for as long as one whose network is gone. A client whose connection was closed
the same way by something in between resumes within this: its first attempts come within a second."""
REPLACED_MAX = 4
"""Replaced log-ins of a user that are told who replaced them; older ones are as if they had never been."""


def hash_of(resume_key: str) -> bytes:
    return hashlib.sha256(resume_key.encode("utf-8", "surrogatepass")).digest()


class ResumedElsewhere(Exception):
    """The log-in goes on, on another connection."""


@dataclass(slots=True)
class Lease:
    """A log-in's presence as this process holds it."""

    record: Presence
    entry: Entry


class PresenceBook:
    def __init__(self, leases: LeaseBucket, ttl_s: int) -> None:
        self._leases = leases
        self.ttl_s = ttl_s

    async def get(self, app_id: AppId, user_id: UserId) -> Presence | None:
        entry = await self._leases.get(presence_key(app_id, user_id))
        return None if entry is None else Presence.FromString(entry.value)

    async def take(self, record: Presence) -> tuple[Lease, Presence | None]:
        """The lease, whoever held it, and who that was."""
        key = _key(record)
        try:
            return await self._put(record, 0), None  # most come for the first time
        except Conflict:
            pass
        for _ in range(TAKE_ATTEMPTS):
            entry = await self._leases.get(key)
            older = None if entry is None else Presence.FromString(entry.value)
            _replace(record, older)
            try:
                lease = await self._put(record, 0 if entry is None else entry.revision)
            except Conflict:
                continue
            return lease, older
        raise Conflict(subject=key)

    async def move(self, lease: Lease, record: Presence) -> None:
        """The same log-in with another record. Raises like `renew`."""
        record.ClearField("replaced")
        record.replaced.extend(lease.record.replaced)
        try:
            moved = await self._put(record, lease.entry.revision)
        except Conflict:
            await self._catch_up(lease)
            moved = await self._put(record, lease.entry.revision)
        lease.record, lease.entry = moved.record, moved.entry

    async def renew(self, lease: Lease) -> None:
        """The lease lives on. Raises LoggedInElsewhere (a newer log-in has it), ResumedElsewhere (another connection of
        this log-in has it) or SessionGone (it was ended)."""
        try:
            lease.entry = await self._leases.renew(lease.entry, self.ttl_s)
        except Conflict:
            await self._catch_up(lease)
            lease.entry = await self._leases.renew(lease.entry, self.ttl_s)

    async def shorten(self, lease: Lease) -> None:
        """The log-in's client is most likely gone: like any that is not renewed it ends, but LEAVING_TTL_S from now,
        unless it is resumed before. Raises like `renew`. Whoever holds `lease` can do nothing more with it."""
        record = Presence()
        record.CopyFrom(lease.record)
        record.connection_id = new_id("c")  # of nobody: a renewal under way must not undo it
        ttl_s = min(LEAVING_TTL_S, self.ttl_s)
        try:
            await self._put(record, lease.entry.revision, ttl_s)
        except Conflict:
            await self._catch_up(lease)
            await self._put(record, lease.entry.revision, ttl_s)

    async def resume(self, app_id: AppId, user_id: UserId, session_id: str, resume_key: str) -> Lease:
        """Takes a living log-in over for a new connection. Raises SessionGone, or LoggedInElsewhere for who holds the
        key of a log-in that was replaced.

        Without such a key the answer is the same, after the same work, whether the user is there or not.
        """
        key, key_sha256 = presence_key(app_id, user_id), hash_of(resume_key)
        for _ in range(TAKE_ATTEMPTS):
            entry = await self._leases.get(key)
            record = Presence() if entry is None else Presence.FromString(entry.value)
            fits = _fits(record, session_id, key_sha256)
            if any([_fits(each, session_id, key_sha256) for each in record.replaced]):
                raise LoggedInElsewhere
            if entry is None or not fits:
                raise SessionGone
            record.connection_id = new_id("c")
            try:
                return await self._put(record, entry.revision)
            except Conflict:
                continue
        raise Conflict(subject=key)

    async def find(self, app_id: AppId, user_id: UserId, session_id: str, resume_key: str) -> Presence:
        """The living log-in whose key this is. Raises SessionGone; like `resume` it says nothing to who has no key."""
        record = await self.get(app_id, user_id) or Presence()
        if not _fits(record, session_id, hash_of(resume_key)):
            raise SessionGone
        return record

    async def end_session(self, app_id: AppId, user_id: UserId, session_id: str) -> None:
        """Like `end`, for a log-in that another instance holds."""
        entry = await self._leases.get(presence_key(app_id, user_id))
        if entry is not None and Presence.FromString(entry.value).session_id == session_id:
            await self._delete_at(entry.key, entry.revision)

    async def end(self, lease: Lease) -> None:
        """Lets the lease go if it is still this log-in's. Raises nothing but BusUnavailable."""
        try:
            await self._leases.delete(_key(lease.record), expected_revision=lease.entry.revision)
        except Conflict:
            record = lease.record
            await self.end_session(AppId(record.app_id), UserId(record.user_id), record.session_id)

    async def _delete_at(self, key: str, revision: int) -> None:
        try:
            await self._leases.delete(key, expected_revision=revision)
        except Conflict:
            return  # written in this moment: it is somebody else's now, or runs out

    async def _put(self, record: Presence, expected_revision: int, ttl_s: int | None = None) -> Lease:
        key, value = _key(record), record.SerializeToString()
        revision = await self._leases.put(key, value, ttl_s or self.ttl_s, expected_revision=expected_revision)
        return Lease(record, Entry(key, value, revision))

    async def _catch_up(self, lease: Lease) -> None:
        """After a conflict: the lease may be ours still, if only an acknowledgement was lost."""
        entry = await self._leases.get(_key(lease.record))
        if entry is None:
            raise SessionGone
        found = Presence.FromString(entry.value)
        if found.session_id != lease.record.session_id:
            raise LoggedInElsewhere
        if found.connection_id != lease.record.connection_id:
            raise ResumedElsewhere
        lease.entry = entry


def _fits(login: Presence | ReplacedLogin, session_id: str, key_sha256: bytes) -> bool:
    same_id = hmac.compare_digest(login.session_id.encode(), session_id.encode("utf-8", "surrogatepass"))
    return hmac.compare_digest(login.resume_key_sha256, key_sha256) and same_id


def _replace(record: Presence, older: Presence | None) -> None:
    record.ClearField("replaced")
    if older is not None:
        newest = ReplacedLogin(session_id=older.session_id, resume_key_sha256=older.resume_key_sha256)
        record.replaced.extend([newest, *older.replaced][:REPLACED_MAX])


def _key(record: Presence) -> str:
    return presence_key(AppId(record.app_id), record.user_id)
