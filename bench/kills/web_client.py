"""A client of the call with the browser SDK: a page of a real Chromium."""

from collections import Counter
from typing import Any, Self

from playwright.async_api import BrowserContext

from bench.kills.record import Record
from tests.system.browser import Person
from tests.system.cloud import Cloud

CAMERA = {"camera": {"video": {"quality": 4, "width": 320, "height": 180, "frameRate": 15, "bitrate": 300}}}

BEGIN = """() => {
    window.kills = { sent: [], acknowledged: [], refused: [], received: [], frames: [], changed: [] };
    const zg = salon.engine;
    zg.on('IMRecvCustomCommand', (room, user, text) => kills.received.push([Number(text), Date.now()]));
    const changed = (kind, type, ids) => kills.changed.push([kind, type, ids]);
    zg.on('roomUserUpdate', (room, type, users) => changed('user', type, users.map((each) => each.userID)));
    zg.on('roomStreamUpdate', (room, type, list) => changed('stream', type, list.map((each) => each.streamID)));
}"""

FACE = """async ([room, other, stream]) => {
    await salon.play(stream);
    const video = salon.videos[stream];
    const shown = () => { kills.frames.push(Date.now()); video.requestVideoFrameCallback(shown); };
    video.requestVideoFrameCallback(shown);
    let number = 0;
    setInterval(() => {
        const mine = ++number;
        kills.sent.push([mine, Date.now()]);
        salon.engine.sendCustomCommand(room, String(mine), [other]).then(
            ({ errorCode }) => (errorCode === 0 ? kills.acknowledged.push(mine) : kills.refused.push(errorCode)),
            (error) => kills.refused.push(error.errorCode ?? -1),
        );
    }, 100);
}"""

TAKE = "() => Object.fromEntries(Object.entries(kills).map(([name, list]) => [name, list.splice(0)]))"


class WebClient:
    def __init__(self, context: BrowserContext, cloud: Cloud, room_id: str, user_id: str) -> None:
        self.record = Record(user_id)
        self._context = context
        self._cloud = cloud
        self._room_id = room_id

    async def enter(self) -> Self:
        self._person = await Person.arrive(self._context, self._cloud, self.record.name)
        await self._person.call(BEGIN)
        entered = await self._person.login(self._room_id, userUpdate=True)
        assert entered.get("ok"), entered  # nothing can be measured without
        await self._person.publish(self._stream, CAMERA, {"videoCodec": "VP8"})
        await self._person.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
        return self

    async def face(self, other: str) -> None:
        """Plays the other one's stream and begins to send."""
        await self._person.call(FACE, [self._room_id, other, f"{other}-camera"])

    async def beautify(self, enable: bool) -> None:  # as in the SDK
        everything = {"smoothIntensity": 50, "whitenIntensity": 50, "rosyIntensity": 50, "sharpenIntensity": 50}
        outcome = await self._person.call(
            "(a) => salon.beauty(...a)", [self._stream, enable, everything if enable else None]
        )
        assert outcome["ok"], outcome  # nothing can be measured without

    async def update(self) -> None:
        """Brings the record up to date."""
        taken: dict[str, list[Any]] = await self._person.call(TAKE)
        self.record.sent.update(dict(taken["sent"]))
        self.record.acknowledged.update(taken["acknowledged"])
        self.record.refused.update(Counter(taken["refused"]))
        self.record.received += [(number, at_ms) for number, at_ms in taken["received"]]
        self.record.frames += taken["frames"]
        for kind, update, ids in taken["changed"]:
            self.record.changed(kind, update, ids)

    async def leave(self) -> None:
        await self._person.page.close()

    @property
    def _stream(self) -> str:
        return f"{self.record.name}-camera"
