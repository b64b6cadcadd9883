"""Frozen settings from environment variables, each documented with its unit.

A service's own: `class RoomSettings(HealthSettings)` with `model_config = prefixed("SALON_ROOM_")`, loaded by
`load(RoomSettings)` in `main.py`.
"""

import sys
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

Settings = TypeVar("Settings", bound="SalonSettings")


def prefixed(prefix: str) -> SettingsConfigDict:
    """The `model_config` of a settings class whose variables begin with `prefix`."""
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="forbid", hide_input_in_errors=True)


class SalonSettings(BaseSettings):
    """Frozen, from `SALON_*`. Every field needs a description; `markdown_table` prints them."""

    model_config = prefixed("SALON_")


class BusSettings(SalonSettings):
    """How to reach NATS, and what the event stream may hold."""

    model_config = prefixed("SALON_NATS_")

    url: str = Field(
        default="nats://127.0.0.1:4222", description="NATS servers: comma-separated URLs without user and password."
    )
    user: str = Field(default="", description="NATS user; empty: none. Answers come under `_INBOX.<user>.`.")
    password: SecretStr = Field(default=SecretStr(""), description="NATS password.")
    replicas: int = Field(default=1, ge=1, le=5, description="Replicas of the event stream and the buckets.")
    connect_timeout_s: float = Field(default=2.0, gt=0, le=60, description="Seconds one attempt to connect may take.")
    reconnect_wait_s: float = Field(default=0.2, ge=0.01, le=60, description="Seconds between attempts to reconnect.")
    ping_interval_s: float = Field(
        default=5.0, ge=0.1, le=600, description="Seconds between pings; two unanswered ones mean a lost connection."
    )
    events_max_bytes: int = Field(
        default=2 * 1024**3,
        ge=-1,
        description="Bytes the event stream may take; then new events are refused. -1: as the disk allows.",
    )
    events_max_age_s: int = Field(
        default=7 * 86_400,
        ge=0,
        description="Seconds an event is kept that says nothing any more of what is alive; less when the stream is "
        "80 % full. 0: until it is.",
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        for server in value.split(","):
            scheme, _, rest = server.strip().partition("://")
            if scheme not in {"nats", "tls"} or not rest:
                raise ValueError("must be nats://host:port, several separated by commas")
            if "@" in rest:
                raise ValueError("must not hold user or password; use SALON_NATS_USER and SALON_NATS_PASSWORD")
        return value

    @property
    def servers(self) -> list[str]:
        return [server.strip() for server in self.url.split(",")]


class ProcessSettings(SalonSettings):
    """What every process has: name, log, start-up and stop."""

    node_id: str = Field(
        default="", description="Name of this node, stable over restarts; empty: service and host name."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="`json`: one object a line; `console`: for people; `auto`: console on a terminal."
    )
    startup_timeout_s: float = Field(default=15.0, gt=0, le=600, description="Seconds to reach NATS at start.")
    stop_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="Seconds to finish what is in flight at stop."
    )


class HealthSettings(SalonSettings):
    """Base of a service's own settings: where `/healthz`, `/readyz` and `/metrics` are. Override the port's default."""

    health_host: str = Field(default="127.0.0.1", description="Address of the health server.")
    health_port: int = Field(default=0, ge=0, le=65535, description="TCP port of the health server; 0: any free one.")


def load(kind: type[Settings]) -> Settings:
    """The settings from the environment. A bad value ends the process: one line on stderr, exit code 2."""
    try:
        return kind()
    except (ValidationError, SettingsError) as error:
        sys.stderr.write("; ".join(_sentences(kind, error)) + "\n")
        raise SystemExit(2) from None


def problems(kind: type[SalonSettings]) -> list[str]:
    """One sentence per bad variable of the environment: its name and what is wrong, never its value."""
    try:
        kind()
    except (ValidationError, SettingsError) as error:
        return _sentences(kind, error)
    return []


def markdown_table(*kinds: type[SalonSettings]) -> str:
    """All variables of these classes as a Markdown table: name, default, meaning."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for kind in kinds:
        for name, field in kind.model_fields.items():
            if not field.description:
                raise ValueError(f"{kind.__name__}.{name} has no description")
            meaning = field.description.replace("|", "\\|")
            lines.append(f"| `{_variable(kind, name)}` | {_default(field)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _variable(kind: type[SalonSettings], field: str) -> str:
    alias = kind.model_fields[field].validation_alias if field in kind.model_fields else None
    return alias if isinstance(alias, str) else f"{kind.model_config.get('env_prefix', '')}{field}".upper()


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, SecretStr):
        value = "a secret" if value.get_secret_value() else ""
    return f"`{value}`" if str(value) else "empty"


def _sentences(kind: type[SalonSettings], error: ValidationError | SettingsError) -> list[str]:
    if isinstance(error, SettingsError):
        return [str(error)]
    sentences = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        name = _variable(kind, str(detail["loc"][0])) if detail["loc"] else kind.__name__
        what = "is required" if detail["type"] == "missing" else detail["msg"].removeprefix("Value error, ")
        sentences.append(f"{name}: {what[0].lower()}{what[1:]}")
    return sentences
