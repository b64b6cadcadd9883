import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from salon_sdk import EngineError
from salon_testing.fake_cloud import FakeCloud, MakeEngine

EXAMPLES = Path(__file__).parents[3] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_what_one_bot_publishes_the_other_records(
    cloud: FakeCloud, make_engine: MakeEngine, tmp_path: Path
) -> None:
    publisher, recorder = example("bot_publish_file"), example("bot_record")
    clip = tmp_path / "clip.webm"
    await asyncio.to_thread(publisher.make_clip, clip, 1)
    login = {"room_id": "room", "token": "04"}
    publishing = asyncio.create_task(
        publisher.publish(
            make_engine(), **login, user_id="file-bot", stream_id="film", file=clip, codec="VP8", seconds=0
        )
    )
    await cloud.wait_for("publish")
    folder = tmp_path / "recordings"
    await recorder.RecordBot(make_engine(), folder).run(**login, user_id="record-bot", seconds=2.5)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)

    (file,) = folder.iterdir()
    assert file.name.endswith("-film.mkv")
    with av.open(str(file)) as container:
        assert {stream.type for stream in container.streams} == {"audio", "video"}
        pictures = [frame for frame in container.decode(video=0)]
    times_s = [frame.time for frame in pictures if frame.time is not None]
    assert times_s == sorted(times_s)
    assert times_s[-1] - times_s[0] > 1.2, "it loops: the clip has only one second"
    assert (pictures[0].width, pictures[0].height) == (640, 360)
    # The colours wander: an even picture would be one that was never decoded.
    assert float(np.std(pictures[-1].to_ndarray(format="rgb24"))) > 20


async def test_a_refused_bot_says_why(cloud: FakeCloud, make_engine: MakeEngine, tmp_path: Path) -> None:
    cloud.refuse("login", 1102018, "token-expired")
    bot = example("bot_record").RecordBot(make_engine(), tmp_path)
    with pytest.raises(EngineError) as raised:
        await bot.run(room_id="room", user_id="record-bot", token="04", seconds=1)
    assert raised.value.error_code == 1102018
