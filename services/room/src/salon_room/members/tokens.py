"""Questions to the token service."""

import time
from dataclasses import dataclass

from salon.token.v1.token_pb2 import MintedToken, MintToken, Privileges, TokenVerified, VerifyToken
from salon_contracts.errors import TokenExpired, TokenPrivilegeMissing
from salon_contracts.ids import AppId, RoomId, StreamId, UserId
from salon_contracts.subjects import command, query
from salon_kit.bus import Bus

ANY_ROOM = ""
"""Among the rooms whose streams may be played: all of the app."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What a token allows. It is kept in the presence record, so that any instance knows it."""

    user_id: str
    expires_at_unix_s: int
    may_log_in: bool
    may_publish: bool
    stream_ids: tuple[str, ...]
    """Empty: any."""
    play_room_ids: tuple[str, ...] = ()
    """Rooms besides the one that was logged in to whose streams may be played; `ANY_ROOM` among them: all."""

    def may_play_in(self, room_id: str, logged_in_to: RoomId) -> bool:
        """Whether streams of a room may be played."""
        return room_id == logged_in_to or room_id in self.play_room_ids or ANY_ROOM in self.play_room_ids

    def require_log_in(self) -> None:
        if not self.may_log_in:
            raise TokenPrivilegeMissing(privilege="log in")

    def require_publish(self, stream_id: StreamId) -> None:
        if not self.may_publish:
            raise TokenPrivilegeMissing(privilege="publish")
        if self.stream_ids and stream_id not in self.stream_ids:
            raise TokenPrivilegeMissing(privilege="publish this stream")
        ago_s = int(time.time()) - self.expires_at_unix_s
        if ago_s >= 0:
            raise TokenExpired(ago_s=ago_s)


class Tokens:
    def __init__(self, bus: Bus, timeout_s: float = 3.0) -> None:
        self._bus = bus
        self._timeout_s = timeout_s

    async def verify(self, app_id: AppId, token: str, user_id: str, room_id: RoomId) -> Permit:
        """Raises the TokenError that the token service found."""
        question = VerifyToken(app_id=app_id, token=token, user_id=user_id, room_id=room_id)
        answer = await self._bus.request(query("token", "verify-token"), question, TokenVerified, self._timeout_s)
        return Permit(
            user_id=answer.user_id,
            expires_at_unix_s=answer.expires_at_unix_s,
            may_log_in=answer.may_log_in,
            may_publish=answer.may_publish,
            stream_ids=tuple(answer.stream_ids),
            play_room_ids=tuple(answer.play_room_ids),
        )

    async def mint(self, app_id: AppId, user_id: UserId, room_id: RoomId, lifetime_s: int) -> str:
        order = MintToken(
            app_id=app_id,
            user_id=user_id,
            lifetime_s=lifetime_s,
            privileges=Privileges(room_id=room_id, may_log_in=True, may_publish=True),
        )
        minted = await self._bus.request(command("token", "mint-token"), order, MintedToken, self._timeout_s)
        return minted.token
