"""How the commands reach the cloud: settings, a bus, and errors as sentences."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import SecretStr, ValidationError
from salon_contracts.errors import BusUnavailable, NobodyServes, RequestTimedOut, SalonError
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.log import set_up_logging
from salon_kit.settings import BusSettings

CONNECT_TIMEOUT_S = 3.0
REQUEST_TIMEOUT_S = 5.0
_FROM_STATE = ("SALON_NATS_URL", "SALON_NATS_USER", "SALON_NATS_PASSWORD")

Result = TypeVar("Result")


def state_file(environment: Mapping[str, str]) -> Path:
    """Where `salon dev` writes how to reach what it started."""
    return Path(environment.get("SALON_STATE_DIR") or "var/dev") / "environment"


def effective_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment; where it names no NATS, what `salon dev` has written down comes in underneath."""
    if any(environment.get(name) for name in _FROM_STATE):
        return dict(environment)
    file = state_file(environment)
    try:
        text = file.read_text()
    except FileNotFoundError:
        return dict(environment)
    except (OSError, UnicodeDecodeError) as problem:
        raise click.ClickException(f"{file} cannot be read: {problem}.") from None
    lines = [line.strip() for line in text.splitlines()]
    written = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {**written, **environment}


def bus_settings(environment: Mapping[str, str]) -> BusSettings:
    """Raises ClickException for a variable that cannot be used."""
    try:
        return BusSettings(
            url=environment.get("SALON_NATS_URL") or "nats://127.0.0.1:4222",
            user=environment.get("SALON_NATS_USER", ""),
            password=SecretStr(environment.get("SALON_NATS_PASSWORD", "")),
        )
    except ValidationError as problem:
        details = problem.errors(include_url=False, include_context=False, include_input=False)
        wrong = [f"SALON_NATS_{detail['loc'][0]}".upper() + f" {_what(detail['msg'])}" for detail in details]
        raise click.ClickException("; ".join(wrong) + ".") from None


@asynccontextmanager
async def connected() -> AsyncIterator[Bus]:
    """A bus for the length of one command."""
    settings = bus_settings(effective_environment(os.environ))
    try:
        bus = await Bus.connect(settings, Identity.start("cli"), timeout_s=CONNECT_TIMEOUT_S)
    except BusUnavailable as error:
        raise click.ClickException(unreachable(settings, error.__cause__)) from None
    try:
        yield bus
    finally:
        await bus.close()


def unreachable(settings: BusSettings, cause: BaseException | None) -> str:
    """Why there is no connection, and what to do."""
    if cause is not None and "authorization" in str(cause).lower():
        return (
            f"NATS at {settings.url} refuses this user and password; "
            "set SALON_NATS_USER and SALON_NATS_PASSWORD to those of the server."
        )
    return f"NATS at {settings.url} cannot be reached; start the cloud with `salon dev`, or set SALON_NATS_URL."


def run(command: Callable[[Bus], Coroutine[Any, Any, Result]]) -> Result:
    """Runs `command` with a bus. Every error of the cloud comes out as a ClickException."""

    async def with_bus() -> Result:
        async with connected() as bus:
            return await command(bus)

    set_up_logging(level="error", format_="console", service="cli")
    try:
        return asyncio.run(with_bus())
    except SalonError as error:
        raise click.ClickException(sentence(error)) from None


def sentence(error: SalonError) -> str:
    """What a person at a terminal can do about it."""
    match error:
        case NobodyServes():
            return f"{error} Is the service running? `salon doctor` says more."
        case RequestTimedOut() | BusUnavailable():
            return f"{error} `salon doctor` says more."
        case _ if type(error) is SalonError:
            return "The service had an internal error; its log says more."
        case _:
            return str(error)


def _what(message: str) -> str:
    return message.removeprefix("Value error, ")
