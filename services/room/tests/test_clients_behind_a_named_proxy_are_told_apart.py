"""Every limit by address is by the client's address, if the operator has named the proxy, and by the peer's if not."""

import contextlib

import httpx
import pytest
from salon_room.config import RoomSettings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .conftest import Cloud
from .processes import RoomProcess
from .responders import APP

PEOPLE = 30
"""In one office behind one ingress."""


async def demo_tokens(room: RoomProcess, clients: list[str]) -> list[int]:
    async with httpx.AsyncClient(timeout=20) as http:
        body = {"userID": "u", "roomID": "r"}
        answers = [
            await http.post(f"{room.http}/demo/token", json=body, headers={"x-forwarded-for": client})
            for client in clients
        ]
    return [answer.status_code for answer in answers]


async def test_a_named_proxys_clients_have_their_own_demo_tokens(cloud: Cloud) -> None:
    clients = [f"198.51.100.9, 203.0.113.{number + 1}" for number in range(PEOPLE)]
    named = await cloud.start_room(demo_app_id=APP, trusted_proxies="127.0.0.1")
    assert 429 not in await demo_tokens(named, clients)
    one_client = [f"198.51.100.{number + 1}, 203.0.113.1" for number in range(PEOPLE)]
    assert 429 in await demo_tokens(named, one_client)
    not_named = await cloud.start_room(demo_app_id=APP)
    assert 429 in await demo_tokens(not_named, clients)


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("203.0.113.1", "198.51.100.1, 203.0.113.1", "203.0.113.2"),
        ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1"),
        ("203.0.113.1", "::ffff:203.0.113.1", "127.0.0.1"),
    ],
)
async def test_sockets_that_wait_are_counted_by_client(cloud: Cloud, one: str, same: str, other: str) -> None:
    room = await cloud.start_room(trusted_proxies="127.0.0.0/8", max_connections_per_address=3)
    async with contextlib.AsyncExitStack() as sockets:

        async def close_code_for(client: str) -> int | None:
            headers = {"X-Forwarded-For": client}
            socket: ClientConnection = await sockets.enter_async_context(connect(room.ws, additional_headers=headers))
            with contextlib.suppress(ConnectionClosed):
                await socket.send('{"requestId":1,"hello":{"protocolVersions":[1]}}')
                assert '"welcome"' in str(await socket.recv())
            return socket.close_code

        assert [await close_code_for(one) for _ in range(3)] == [None] * 3
        assert await close_code_for(same) == 4429
        assert await close_code_for(other) is None


def test_the_setting_takes_addresses_and_networks() -> None:
    assert RoomSettings(trusted_proxies=" 10.0.0.0/8, ::1 ").proxies.trusts("::1")
    with pytest.raises(ValueError, match="does not appear to be"):
        RoomSettings(trusted_proxies="ingress.example")
