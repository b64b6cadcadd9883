"""A call between the Python SDK and a browser, both directions, and messages between them."""

import asyncio

import numpy as np
import pytest
from av import AudioFrame, VideoFrame
from salon_sdk import PatternVideo, RoomMessage, SalonEngine, StreamInfo, ToneAudio, VideoCodec

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_the_python_client_and_a_browser_talk(arrive: Arrive, cloud: Cloud, codec: VideoCodec) -> None:
    room, browser_stream, python_stream, robot = fresh("room"), fresh("browser"), fresh("python"), fresh("robot")
    alice = await arrive(fresh("alice"))
    await alice.auto_play()
    await alice.login(room, userUpdate=True)
    await alice.publish(browser_stream, None, {"videoCodec": codec})
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")

    async with SalonEngine(cloud.app_id, cloud.ws_url()) as engine:
        added: asyncio.Queue[str] = asyncio.Queue()
        heard: asyncio.Queue[str] = asyncio.Queue()

        def on_streams(room_id: str, update_type: str, streams: list[StreamInfo], extended_data: str) -> None:
            for stream in streams:
                added.put_nowait(f"{update_type} {stream.stream_id}")

        def on_message(room_id: str, messages: list[RoomMessage]) -> None:
            for message in messages:
                heard.put_nowait(message.message)

        engine.on("room_stream_update", on_streams)
        engine.on("im_recv_broadcast_message", on_message)
        await engine.login_room(room, cloud.mint(robot), robot, "Robot", user_update=True)
        assert await asyncio.wait_for(added.get(), 10) == f"ADD {browser_stream}"

        playing = await engine.start_playing_stream(browser_stream)
        assert playing.video is not None
        assert playing.audio is not None
        for _ in range(20):
            picture = await asyncio.wait_for(playing.video.recv(), 10)
            assert isinstance(picture, VideoFrame)
            assert picture.width * 3 == picture.height * 4
        loudest = 0
        for _ in range(150):
            sound = await asyncio.wait_for(playing.audio.recv(), 10)
            assert isinstance(sound, AudioFrame)
            loudest = max(loudest, int(np.abs(sound.to_ndarray()).max()))
        assert loudest > 500, "the fake microphone's beep did not arrive"

        local = engine.create_stream(audio=ToneAudio(), video=PatternVideo())
        await engine.start_publishing_stream(python_stream, local, video_codec=codec)
        await alice.wait_for("(id) => salon.frames[id]", python_stream)
        await alice.sees(python_stream)
        await alice.hears(python_stream)

        await alice.call("(room) => salon.engine.sendBroadcastMessage(room, 'hello robot')", room)
        assert await asyncio.wait_for(heard.get(), 10) == "hello robot"
        await engine.send_broadcast_message(room, "hello human")
        told = await alice.wait_event("IMRecvBroadcastMessage")
        assert told[1][0]["message"] == "hello human"

    gone = await alice.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
    assert gone[2][0]["streamID"] == python_stream
    await alice.wait_event("roomUserUpdate", "args[1] === 'DELETE'")
