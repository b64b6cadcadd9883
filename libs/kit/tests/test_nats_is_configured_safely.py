import stat
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.nats.config import NatsConfig, nats_config, nats_server_binary, write_nats_config
from salon_kit.testing import NatsServer

from .entities import logged_in, user


def test_the_file_is_for_its_owner_only_and_the_server_accepts_it(tmp_path: Path) -> None:
    path = tmp_path / "nats.conf"
    path.write_text("old")
    path.chmod(0o644)
    config = NatsConfig(store_dir=tmp_path / 'a "b" \\ c', password=SecretStr('p"a\\s#s{w}$x; y'), sync_always=True)
    write_nats_config(config, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    result = subprocess.run([nats_server_binary(), "-c", path, "-t"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_what_it_says(tmp_path: Path) -> None:
    text = nats_config(NatsConfig(store_dir=tmp_path, password=SecretStr("s3cret")))
    assert 'host: "127.0.0.1"' in text
    assert "max_payload: 1048576" in text
    assert "sync_interval" not in text
    assert 'password: "s3cret"' in text
    assert "sync_interval: always" in nats_config(NatsConfig(store_dir=tmp_path, sync_always=True))
    assert "authorization" not in nats_config(NatsConfig(store_dir=tmp_path))
    assert "s3cret" not in repr(NatsConfig(store_dir=tmp_path, password=SecretStr("s3cret")))


@pytest.mark.parametrize("password", ["a\nb", "a\x00", "$2a$11$abc"])
def test_passwords_it_cannot_write(tmp_path: Path, password: str) -> None:
    with pytest.raises(ValueError, match="nats-server"):
        nats_config(NatsConfig(store_dir=tmp_path, password=SecretStr(password)))


async def test_synced_appends_work(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats", sync_always=True)
    server.start()
    bus = await Bus.connect(server.settings, Identity.start("test", "a"))
    events = Events(bus)
    await events.ensure()
    assert await events.append(user("a"), logged_in("a")) == 1
    await bus.close()
    server.stop()
