import asyncio
import json
import socket

from websockets.asyncio.client import connect

from .client import Client
from .conftest import Cloud
from .processes import RoomProcess
from .responders import token


async def test_the_queue_is_bounded_and_the_client_catches_up_by_resuming(cloud: Cloud) -> None:
    room = await cloud.start_room(queue_max_frames=64)
    talker = await cloud.join(room, "r", "talker")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.connect(("127.0.0.1", room.port))
    raw.setblocking(False)
    # A client that logs in and then reads nothing more: its library's buffers are as small as they can be.
    slow = await connect(room.ws, sock=raw, max_queue=1, compression=None, ping_interval=None)
    await slow.send(json.dumps({"requestId": 1, "hello": {"protocolVersions": [1]}}))
    await slow.send(
        json.dumps({"requestId": 2, "login": {"appId": 7, "roomId": "r", "userId": "slow", "token": token("slow")}})
    )
    await slow.recv()
    logged_in = json.loads(await slow.recv())
    try:
        said = await _say_until_too_slow(room, talker)
        again = Client(room.ws)
        cloud.clients.append(again)
        await again.open()
        again.user_id = "slow"
        again.logged_in = logged_in["reply"]["loggedIn"]
        again.sequence = int(logged_in["sequence"])
        assert "resumed" in await again.resume()
        await again.notices.until(lambda _: len(again.texts()) == len(said))
        assert again.texts() == said
        assert talker.users() == [("ADD", "slow")]
    finally:
        slow.transport.abort()
        await slow.wait_closed()


async def _say_until_too_slow(room: RoomProcess, talker: Client) -> list[str]:
    said: list[str] = []
    await talker.until_users(("ADD", "slow"))
    while len(said) < 3000:
        text = f"{len(said):05d}" + "x" * 1000
        reply = await talker.say(text, "COMMAND", ("slow",))
        if "messageAccepted" in reply:
            said.append(text)
        else:
            await asyncio.sleep(0.02)
        if "reader-too-slow" in room.log.read_text():
            return said
    raise AssertionError("the queue has no bound")
