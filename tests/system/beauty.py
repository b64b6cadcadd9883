"""A camera on air whose beauty is turned on and off, what its viewers see of it, and what the record says."""

import asyncio
import json
import os
import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from pydantic import SecretStr
from salon_contracts.ids import AppId, RoomId
from salon_contracts.subjects import room_events
from salon_kit.bus import Bus
from salon_kit.events import Events, StoredEvent
from salon_kit.identity import Identity
from salon_kit.settings import BusSettings

from tests.system.browser import Person
from tests.system.cloud import Cloud, Process
from tests.system.conftest import ARTEFACTS, Arrive
from tests.system.fake_camera import Share
from tests.system.rooms import fresh

OVERLOAD = 1103075
SHARP = {"camera": {"video": {"quality": 4, "width": 640, "height": 480, "frameRate": 30, "bitrate": 2500}}}
"""So many bits that what the filter does is not lost among what the codec does."""
SMALL = {"camera": {"video": {"quality": 4, "width": 320, "height": 240, "frameRate": 30, "bitrate": 400}}}
WHOLE: Share = (0, 0, 1, 1)
CENTRE: Share = (0.4, 0.4, 0.2, 0.2)


def strengths(smooth: float = 0, whiten: float = 0, rosy: float = 0, sharpen: float = 0) -> dict[str, float]:
    """As `setEffectsBeauty` takes them; what is not said is 0."""
    return {"smoothIntensity": smooth, "whitenIntensity": whiten, "rosyIntensity": rosy, "sharpenIntensity": sharpen}


FULL = strengths(100, 100, 100, 100)
HALF = strengths(50, 50, 50, 50)
BRIGHT = strengths(whiten=100)
BRIGHTER_BY = 12.0
"""Levels of mean luma: more than anything but whitening changes."""


@dataclass(frozen=True)
class Look:
    """Means of some frames: BT.601 levels, and how much fine detail there is."""

    y: float
    cb: float
    cr: float
    detail: float

    @classmethod
    def of(cls, seen: dict[str, float]) -> "Look":
        return cls(seen["y"], seen["cb"], seen["cr"], seen["detail"])


@dataclass(frozen=True)
class OnAir:
    """One publisher of one stream, and people who play it."""

    room: str
    stream: str
    publisher: Person
    viewers: list[Person]

    @property
    def viewer(self) -> Person:
        return self.viewers[0]

    async def beauty(self, options: dict[str, float] | None = None, *, enable: bool = True) -> dict[str, Any]:
        """What the promise gave, good or bad, and `tookMs`."""
        outcome: dict[str, Any] = await self.publisher.call("(a) => salon.beauty(...a)", [self.stream, enable, options])
        return outcome

    async def on(self, options: dict[str, float]) -> dict[str, Any]:
        """Turns it on, or changes it, and makes sure that the promise said so."""
        outcome = await self.beauty(options)
        assert outcome["errorCode"] == 0, outcome
        return outcome

    async def off(self) -> dict[str, Any]:
        outcome = await self.beauty(enable=False)
        assert outcome["errorCode"] == 0, outcome
        return outcome

    async def look(self, where: Share = WHOLE, frames: int = 12, viewer: Person | None = None) -> Look:
        """What is seen of the stream now."""
        arguments = [self.stream, list(where), frames]
        return Look.of(await (viewer or self.viewer).call("(a) => salon.lookLong(...a)", arguments))

    async def until(self, condition: str, viewer: Person | None = None, *, deadline_s: float = 20.0) -> None:
        """Until the means `y`, `cb`, `cr` of a viewer's picture are so: an encoder takes time with what is faint."""
        expression = f"(id) => {{ const {{ y, cb, cr }} = salon.look(id, {list(CENTRE)}); return {condition}; }}"
        await (viewer or self.viewer).wait_for(expression, self.stream, deadline_s=deadline_s)

    async def gap_ms(self, viewer: Person | None = None) -> float:
        """Longest time without a new picture since it was asked last."""
        return float(await (viewer or self.viewer).call("(id) => salon.longestGapMs(id)", self.stream))

    async def video(self, viewer: Person | None = None) -> dict[str, Any]:
        """What the viewer's browser counts of the video."""
        found = [item for item in await (viewer or self.viewer).call("salon.inbound()") if item["kind"] == "video"]
        assert len(found) == 1
        return dict(found[0])

    async def told(self) -> list[int]:
        """Codes of beautyEffectError so far."""
        return [event["args"][1] for event in await self.publisher.events("beautyEffectError")]

    async def until_told(self, *codes: int, deadline_s: float = 20.0) -> None:
        """Until these codes have been told in this order. A busy machine may have missed deadlines besides."""
        expression = (
            "(codes) => salon.events.filter((e) => e.name === 'beautyEffectError')"
            ".reduce((found, e) => found + (e.args[1] === codes[found]), 0) === codes.length"
        )
        await self.publisher.wait_for(expression, list(codes), deadline_s=deadline_s)


async def on_air(
    arrive: Arrive,
    cloud: Cloud,
    *,
    create: dict[str, Any] = SMALL,
    codec: str = "VP8",
    viewers: int = 1,
    beauty: dict[str, float] | None = None,
    watch: Share | None = None,
) -> OnAir:
    """Everybody sees the stream. `beauty`: turned on before publishing. `watch`: a rectangle that the viewers look at
    in every frame, from the first one."""
    for relay in cloud.relays:
        await until_warm(relay)
    room, stream = fresh("room"), fresh("stream")
    publisher = await arrive(fresh("ann"), at=cloud)
    people = [await arrive(fresh("bob"), at=cloud) for _ in range(viewers)]
    for person in people:
        await person.auto_play()
        if watch is not None:
            await person.call("([id, where]) => { salon.watched[id] = where; }", [stream, list(watch)])
    for person in (publisher, *people):
        assert await person.login(room) == {"ok": True}
    option = {"videoCodec": codec}
    if beauty is None:
        assert await publisher.publish(stream, create, option)
    else:
        outcome = await publisher.call("(a) => salon.publishBeautified(...a)", [stream, create, option, beauty])
        assert outcome["errorCode"] == 0, outcome
    for person in people:
        await sees(person, stream)
    return OnAir(room, stream, publisher, people)


async def sees(person: Person, stream: str) -> None:
    await person.wait_for("(id) => salon.frames[id]", stream)
    await person.sees(stream)


async def record(cloud: Cloud, room: str) -> list[Message]:
    """Everything that was ever said about a room, in order."""
    return [event.message for event in await stored_events(cloud, room) if event.message is not None]


async def stored_events(cloud: Cloud, room: str) -> list[StoredEvent]:
    """With what came beside it."""
    settings = BusSettings(
        url=f"nats://127.0.0.1:{cloud.nats_port}",
        user="salon",
        password=SecretStr(cloud.bus_environment()["SALON_NATS_PASSWORD"]),
    )
    bus = await Bus.connect(settings, Identity.start("tests", "tests"))
    try:
        return await Events(bus).read_after([room_events(AppId(cloud.app_id), RoomId(room))], 0, max_events=1000)
    finally:
        await bus.close(1)


# ---- processes and files ----


async def until_warm(relay: Process) -> None:
    """Until a relay that is there has a transcoder ready for the next stream."""
    while relay.popen.poll() is None:
        # The metric is a second old, and a process that ends looks like one that waits.
        ready = set(map(int, re.findall(r'"pid": (\d+), "event": "transcoder-ready"', relay.log.read_text())))
        idle = [pid for pid in transcoders(relay) if pid in ready and not has_a_ring(pid)]
        if idle and await asyncio.to_thread(_count, relay, "spare") > 0:
            return
        await asyncio.sleep(0.1)


def _count(relay: Process, state: str) -> int:
    """Transcoders of that state, according to the relay's metrics."""
    assert relay.ready_url is not None
    with urllib.request.urlopen(relay.ready_url.replace("readyz", "metrics")) as page:
        text = page.read().decode()
    found = re.search(rf'^salon_relay_transcoders_count\{{state="{state}"\}} (\S+)$', text, re.MULTILINE)
    return 0 if found is None else int(float(found[1]))


def transcoders(relay: Process) -> list[int]:
    """Process ids of those that the relay has started: those with a stream and the spare one."""
    found = []
    for task in Path(f"/proc/{relay.pid}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except FileNotFoundError:
            continue
        found += [pid for pid in map(int, children) if b"salon_transcoder" in _read(pid, "cmdline")]
    return found


def has_a_ring(pid: int) -> bool:
    """It shares memory with a worker: it is at work."""
    return b"/salon-relay-" in _read(pid, "maps")


def at_work(relay: Process) -> list[int]:
    return [pid for pid in transcoders(relay) if has_a_ring(pid)]


def exists(pid: int) -> bool:
    """It has not ended, and is not only waiting for somebody to notice."""
    state = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(state) and state[0] != b"Z"


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def keep(name: str, figures: dict[str, Any]) -> None:
    """Prints what was measured and leaves it in artefacts/."""
    ARTEFACTS.mkdir(exist_ok=True)
    print(f"\n{name}: {json.dumps(figures)}")
    (ARTEFACTS / f"beauty-{name}.json").write_text(json.dumps(figures | {"load": os.getloadavg()[0]}, indent=1) + "\n")
