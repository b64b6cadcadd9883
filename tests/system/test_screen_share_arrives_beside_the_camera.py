import json

import pytest

from tests.system.conftest import Arrive
from tests.system.rooms import fresh

FORMS = {
    "flat": {"screen": {"audio": False, "videoQuality": 4}},
    "nested": {"screen": {"video": {"quality": 4, "frameRate": 15, "bitrate": 1500}, "audio": False}},
}


@pytest.mark.parametrize("form", FORMS)
async def test_screen_share_arrives_beside_the_camera(arrive: Arrive, form: str) -> None:
    room = fresh("room")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    await bob.auto_play()
    for person in (alice, bob):
        await person.login(room)
    camera, screen = fresh("camera"), fresh("screen")
    extra_info = json.dumps({"type": "screen", "by": alice.user_id})
    await alice.publish(camera)
    await alice.publish(screen, FORMS[form], {"videoCodec": "VP8", "extraInfo": extra_info})

    await bob.wait_for("(id) => salon.frames[id]", screen)
    await bob.sees(camera)
    await bob.sees(screen, frames=3)
    added = await bob.wait_event("roomStreamUpdate", f"args[2].some((item) => item.streamID === {screen!r})")
    told = next(item for item in added[2] if item["streamID"] == screen)
    assert json.loads(told["extraInfo"]) == {"type": "screen", "by": alice.user_id}
    assert told["user"]["userID"] == alice.user_id

    await alice.unpublish(screen)
    gone = await bob.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
    assert [item["streamID"] for item in gone[2]] == [screen]
    await bob.sees(camera)
