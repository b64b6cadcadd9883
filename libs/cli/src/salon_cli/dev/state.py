"""What `salon dev` keeps between runs: credentials of the bus, the master key, the developer's app, the page's."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from salon_contracts.access import ACCESS

ENVIRONMENT_FILE = "environment"


@dataclass(frozen=True, slots=True, repr=False)
class DevState:
    folder: Path
    nats_user: str
    """Of the commands of `salon`, who may do everything."""
    nats_password: str
    service_passwords: Mapping[str, str]
    """By service, whose NATS user is called like it."""
    master_key: str
    app_id: int
    server_secret: str
    page_app_id: int
    page_server_secret: str

    @classmethod
    def load(cls, folder: Path) -> "DevState":
        """Reads the state, or makes it on the first run. The file is for its owner only."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / ENVIRONMENT_FILE
        values = _read(file) if file.exists() else {}
        fresh = {
            "SALON_NATS_USER": "salon",
            "SALON_NATS_PASSWORD": secrets.token_hex(16),
            "SALON_TOKEN_MASTER_KEY": secrets.token_hex(32),
            "SALON_DEV_APP_ID": str(secrets.randbelow(10**9) + 10**9),
            "SALON_DEV_SERVER_SECRET": secrets.token_hex(16),
            "SALON_DEV_PAGE_APP_ID": str(secrets.randbelow(10**9) + 2 * 10**9),
            "SALON_DEV_PAGE_SERVER_SECRET": secrets.token_hex(16),
        }
        fresh |= {_password_of(service): secrets.token_hex(16) for service in ACCESS}
        values = fresh | values
        state = cls(
            folder=folder,
            nats_user=values["SALON_NATS_USER"],
            nats_password=values["SALON_NATS_PASSWORD"],
            service_passwords={service: values[_password_of(service)] for service in ACCESS},
            master_key=values["SALON_TOKEN_MASTER_KEY"],
            app_id=int(values["SALON_DEV_APP_ID"]),
            server_secret=values["SALON_DEV_SERVER_SECRET"],
            page_app_id=int(values["SALON_DEV_PAGE_APP_ID"]),
            page_server_secret=values["SALON_DEV_PAGE_SERVER_SECRET"],
        )
        _write(file, values)
        return state

    def remember_run(self, nats_port: int, room_url: str) -> None:
        """Lets the other `salon` commands find the bus and the room service of this run."""
        file = self.folder / ENVIRONMENT_FILE
        found = {"SALON_NATS_URL": f"nats://127.0.0.1:{nats_port}", "SALON_ROOM_URL": room_url}
        _write(file, _read(file) | found)


def _password_of(service: str) -> str:
    return f"SALON_DEV_NATS_PASSWORD_{service.upper()}"


def _read(file: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in file.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _write(file: Path, values: dict[str, str]) -> None:
    text = "# Written by `salon dev`. Holds secrets of this machine's cloud.\n"
    text += "".join(f"{name}={value}\n" for name, value in sorted(values.items()))
    scratch = file.with_suffix(".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    scratch.replace(file)
