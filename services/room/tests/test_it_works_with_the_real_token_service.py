import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from salon.token.v1.token_pb2 import AppCredentials, CreateApp, MintedToken, MintToken, Privileges
from salon_contracts.subjects import command
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.testing import NatsServer

from .client import Client, Json, eventually
from .processes import RoomProcess


@pytest.fixture
def token_service(nats_server: NatsServer, bus: Bus, events: Events, tmp_path: Path) -> Iterator[Path]:
    log = tmp_path / "token.log"
    environment = {
        **os.environ,
        "SALON_NATS_URL": nats_server.settings.url,
        "SALON_NATS_USER": nats_server.settings.user,
        "SALON_NATS_PASSWORD": nats_server.settings.password.get_secret_value(),
        "SALON_TOKEN_MASTER_KEY": "0123456789abcdef" * 4,
        "SALON_TOKEN_HEALTH_PORT": "0",
    }
    with log.open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", "salon_token"], env=environment, stdout=output, stderr=output)
    yield log
    process.terminate()
    process.wait(20)


async def test_minted_tokens_let_in_and_others_do_not(
    token_service: Path, nats_server: NatsServer, bus: Bus, tmp_path: Path
) -> None:
    room = RoomProcess(nats_server.settings, tmp_path / "room.log", "room-1", {})
    try:
        await room.ready()
        async with Client(room.ws) as client:

            async def answer() -> Json:
                """Nothing while the token service is starting."""
                reply = await client.log_in("r", "alice", secret="04x")
                return {} if reply["failed"]["reason"] == "nobody-serves" else reply

            refused = await eventually(answer, "failed")
            assert refused["failed"]["code"] in (1102016, 1102020)
            app = await bus.request(command("token", "create-app"), CreateApp(name="test"), AppCredentials)
            privileges = Privileges(room_id="r", may_log_in=True, may_publish=False)
            order = MintToken(app_id=app.app_id, user_id="alice", lifetime_s=60, privileges=privileges)
            minted = await bus.request(command("token", "mint-token"), order, MintedToken)
            wrong_room = await client.log_in("other", "alice", secret=minted.token, appId=app.app_id)
            assert wrong_room["failed"]["reason"] == "token-room-mismatch"
            wrong_user = await client.log_in("r", "bob", secret=minted.token, appId=app.app_id)
            assert wrong_user["failed"]["reason"] == "token-user-mismatch"
            assert "loggedIn" in await client.log_in("r", "alice", secret=minted.token, appId=app.app_id)
            assert (await client.publish("cam"))["failed"]["code"] == 1103019
    finally:
        room.end()
