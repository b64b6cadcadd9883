"""What an app's owner decides holds for real clients, from the next log-in on: other rooms' streams, forms of token."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salon_token.token04 import Form

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

NO_SUCH_STREAM = 1004002
TOKEN_FORMAT = 1102016


@contextmanager
def policy(cloud: Cloud, name: str) -> Iterator[None]:
    """On within, off behind; the cloud is other tests' too."""

    def switch(option: str) -> None:
        command = [str(Path(sys.executable).parent / "salon"), "app", "change-policy", str(cloud.app_id), option]
        environment = {**os.environ, **cloud.bus_environment()}
        subprocess.run(command, env=environment, capture_output=True, timeout=30, check=True)

    switch(f"--{name}")
    try:
        yield
    finally:
        switch(f"--no-{name}")


async def test_a_stream_is_seen_from_another_room_only_by_right(arrive: Arrive, cloud: Cloud) -> None:
    board, lobby, stream = fresh("board"), fresh("lobby"), fresh("stream")
    alice, eve, carol = await arrive(fresh("alice")), await arrive(fresh("eve")), await arrive(fresh("carol"))
    assert await alice.login(board) == {"ok": True}
    await alice.publish(stream)
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")

    assert await eve.login(lobby) == {"ok": True}
    for wanted in (stream, fresh("nothing")):
        refused = await eve.call("(id) => salon.play(id).then(() => 0, (error) => error.errorCode)", wanted)
        assert refused == NO_SUCH_STREAM

    privileges = {"room_id": lobby, "privilege": {"1": 1, "2": 0}, "play_room_id_list": [board]}
    assert await carol.login(lobby, cloud.mint(carol.user_id, payload=json.dumps(privileges))) == {"ok": True}
    await carol.play(stream)
    await carol.sees(stream)

    with policy(cloud, "allow-play-across-rooms"):
        dave = await arrive(fresh("dave"))
        assert await dave.login(lobby) == {"ok": True}
        await dave.play(stream)
        await dave.sees(stream)


async def test_a_token_of_the_cbc_form_is_good_where_the_app_accepts_it(arrive: Arrive, cloud: Cloud) -> None:
    alice, room = await arrive(fresh("alice")), fresh("room")
    refused = await alice.login(room, cloud.mint(alice.user_id, form=Form.CBC))
    assert refused["errorCode"] == TOKEN_FORMAT
    with policy(cloud, "accept-cbc"):
        bob = await arrive(fresh("bob"))
        assert await bob.login(room, cloud.mint(bob.user_id, form=Form.CBC)) == {"ok": True}
