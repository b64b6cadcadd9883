"""Log-ins per second and event append latency of one room instance."""

import asyncio
import json
import os
import time

from pydantic import SecretStr
from salon.room.v1.events_pb2 import MESSAGE_KIND_BROADCAST, MessageSent
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import Entity
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.settings import BusSettings
from websockets.asyncio.client import connect

from bench.report import Report, summary
from tests.system.cloud import Cloud

PEOPLE = 400
AT_ONCE = 20
PER_ROOM = 20
APPENDS = 2000


async def run(cloud: Cloud, report: Report) -> None:
    await _log_ins(cloud, report)
    await _appends(cloud, report)


async def _log_ins(cloud: Cloud, report: Report) -> None:
    tokens = [cloud.mint(f"bench-{os.getpid()}-{number}") for number in range(PEOPLE)]
    gate = asyncio.Semaphore(AT_ONCE)
    durations_ms: list[float] = []
    release = asyncio.Event()

    async def person(number: int) -> None:
        hello = {"requestId": 1, "hello": {"protocolVersions": [1], "sdkName": "bench", "sdkVersion": "1"}}
        login = {
            "requestId": 2,
            "login": {
                "appId": cloud.app_id,
                "roomId": f"bench-{os.getpid()}-{number // PER_ROOM}",
                "token": tokens[number],
                "userId": f"bench-{os.getpid()}-{number}",
            },
        }
        await gate.acquire()
        try:
            socket = await connect(cloud.ws_url(), max_queue=None)
            began = time.perf_counter()
            await socket.send(json.dumps(hello))
            await socket.send(json.dumps(login))
            while True:
                frame = json.loads(await socket.recv())
                if frame.get("reply", {}).get("requestId") == 2:
                    assert "loggedIn" in frame["reply"], frame
                    break
            durations_ms.append((time.perf_counter() - began) * 1000)
        finally:
            gate.release()
        if len(durations_ms) == PEOPLE:
            release.set()
        await release.wait()
        await socket.close()

    room = cloud.rooms[0]
    cpu_before_s, began = room.cpu_s(), time.perf_counter()
    tasks = [asyncio.create_task(person(number)) for number in range(PEOPLE)]
    await release.wait()
    elapsed_s, cpu_s = time.perf_counter() - began, room.cpu_s() - cpu_before_s
    await asyncio.gather(*tasks)
    report.add(
        "log-ins",
        people=PEOPLE,
        at_once=AT_ONCE,
        per_s=round(PEOPLE / elapsed_s, 1),
        room_cpu_ms_each=round(cpu_s / PEOPLE * 1000, 2),
        **summary(durations_ms, "ms"),
    )


async def _appends(cloud: Cloud, report: Report) -> None:
    environment = cloud.bus_environment()
    settings = BusSettings(
        url=environment["SALON_NATS_URL"],
        user=environment["SALON_NATS_USER"],
        password=SecretStr(environment["SALON_NATS_PASSWORD"]),
    )
    bus = await Bus.connect(settings, Identity.start("bench"))
    events = Events(bus)
    entity = Entity(AppId(cloud.app_id), RoomId("bench"), RoomSessionId("bench"), "message", "broadcast")
    message = MessageSent(kind=MESSAGE_KIND_BROADCAST, from_user_id="bench", text="x" * 100)
    durations_ms = []
    for _ in range(APPENDS):
        began = time.perf_counter()
        await events.append(entity, message)
        durations_ms.append((time.perf_counter() - began) * 1000)
    report.add("event-append", appends=APPENDS, **summary(durations_ms, "ms"))
    await bus.close()
