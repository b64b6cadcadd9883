"""Three hundred people are known to a newcomer after its log-in, in a browser and in Python."""

import asyncio
import contextlib
import json

from salon_sdk import SalonEngine, User
from websockets.asyncio.client import ClientConnection, connect

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

PEOPLE = 300
AT_ONCE = 15
LONGEST_NAME = "\x01" * 256
FRAME_MAX_BYTES = 256 * 1024


async def _enter(cloud: Cloud, room: str, user_id: str, *, user_update: bool = False) -> tuple[ClientConnection, str]:
    """The connection, and the reply to the log-in."""
    socket = await connect(cloud.ws_url(), compression=None, max_size=None, ping_interval=None)
    login = {
        "appId": cloud.app_id, "roomId": room, "token": cloud.mint(user_id), "userId": user_id,
        "userName": LONGEST_NAME, "userUpdate": user_update,
    }  # fmt: skip
    await socket.send(json.dumps({"requestId": 1, "hello": {"protocolVersions": [1]}}))
    await socket.send(json.dumps({"requestId": 2, "login": login}))
    await socket.recv()
    return socket, str(await socket.recv())


async def test_a_full_room_is_known_to_both_sdks(arrive: Arrive, cloud: Cloud) -> None:
    room, crowd = fresh("room"), fresh("crowd")
    names = [f"{crowd}-{number:03}" for number in range(PEOPLE)]
    async with contextlib.AsyncExitStack() as doors:
        for begin in range(0, PEOPLE, AT_ONCE):
            entered = await asyncio.gather(
                *(_enter(cloud, room, user_id) for user_id in names[begin : begin + AT_ONCE])
            )
            for socket, reply in entered:
                doors.push_async_callback(socket.close)
                assert "loggedIn" in reply, reply

        watcher, reply = await _enter(cloud, room, fresh("watcher"), user_update=True)
        doors.push_async_callback(watcher.close)
        frames = [reply]
        frames += [str(await watcher.recv()) for _ in range(json.loads(reply)["reply"]["loggedIn"]["pagesToCome"])]
        assert len(frames) > 4
        assert max(len(frame.encode()) for frame in frames) <= FRAME_MAX_BYTES

        alice = await arrive(fresh("alice"))
        await alice.login(room, userUpdate=True)
        told = await alice.wait_event("roomUserUpdate", "args[1] === 'ADD'")
        assert {user["userID"] for user in told[2]} >= set(names)
        assert {user["userName"] for user in told[2]} >= {LONGEST_NAME}

        async with SalonEngine(cloud.app_id, cloud.ws_url()) as engine:
            heard: list[tuple[str, set[str]]] = []

            def on_users(room_id: str, update: str, users: list[User]) -> None:
                heard.append((update, {user.user_id for user in users}))

            engine.on("room_user_update", on_users)
            robot = fresh("robot")
            await engine.login_room(room, cloud.mint(robot), robot, user_update=True)
            assert heard[0][0] == "ADD"
            assert heard[0][1] >= {*names, alice.user_id}
            await alice.wait_event("roomUserUpdate", f"args[2].some((user) => user.userID === {robot!r})")
