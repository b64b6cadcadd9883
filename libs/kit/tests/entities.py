"""Entities and events of one imaginary app, for these tests."""

from salon.room.v1.events_pb2 import UserLoggedIn
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import Entity, room_session_events, room_session_state

APP = AppId(7)
SESSION = RoomSessionId("rs_1")


def user(name: str, room: str = "lobby") -> Entity:
    return Entity(APP, RoomId(room), SESSION, "user", name)


def logged_in(name: str, session_id: str = "") -> UserLoggedIn:
    return UserLoggedIn(user_id=name, session_id=session_id)


def everything(room: str = "lobby") -> str:
    return room_session_events(APP, RoomId(room), SESSION)


def state(room: str = "lobby") -> list[str]:
    return room_session_state(APP, RoomId(room), SESSION)
