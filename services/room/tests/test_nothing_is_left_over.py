import asyncio
import re

import httpx

from .conftest import Cloud
from .processes import RoomProcess

GAUGES = ("connections_sockets", "sessions_users", "views_rooms")


async def gauges(room: RoomProcess) -> dict[str, float]:
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{room.health}/metrics")).text
    return {name: float(re.findall(rf"^salon_room_{name} (\S+)$", text, re.MULTILINE)[0]) for name in GAUGES}


async def test_after_many_comings_and_goings(cloud: Cloud) -> None:
    """Some leave properly, some vanish, some while logging in; some rooms are shared."""
    room = await cloud.start_room(view_linger_s=0.1, presence_ttl_s=2, heartbeat_interval_s=0.5, expiry_grace_s=0)

    async def come_and_go(number: int) -> None:
        for count in range(10):
            client = await cloud.connect(room)
            assert "loggedIn" in await client.log_in(f"r{number % 3}-{count % 2}", f"u{number}")
            match (number + count) % 4:
                case 0:
                    await client.publish(f"cam{number}")
                    await client.log_out()
                case 1:
                    await client.log_out()
                case 2:
                    await client.drop()
                case _:
                    await client.close()

    await asyncio.gather(*(come_and_go(number) for number in range(8)))
    async with asyncio.timeout(30):
        while True:
            found = await gauges(room)
            if found == dict.fromkeys(GAUGES, 0.0):
                break
            await asyncio.sleep(0.1)
    assert room.troubles() == []
