"""`salon doctor`: is everything well, and if not, what to do."""

import asyncio
import os
from collections.abc import AsyncIterator

import click
from salon_contracts.errors import BusUnavailable
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.log import set_up_logging

from salon_cli import checks
from salon_cli.checks import Finding
from salon_cli.connection import CONNECT_TIMEOUT_S, bus_settings, effective_environment
from salon_cli.output import json_option, print_json, styled

_NAME_WIDTH = 18


@click.command(short_help="Is everything well, and if not, what to do?")
@json_option
def doctor(*, as_json: bool) -> None:
    """Check every part of the cloud and say what to do about what is broken.

    Looks at Python, NATS, JetStream, the services, the relays' announcements and, with a real STUN binding, the UDP
    port of every relay. Exit code 1 when something is not well.

    \b
    Examples:
      salon doctor
      SALON_ROOM_URL=https://call.example.org salon doctor --json
    """
    set_up_logging(level="error", format_="console", service="cli")
    findings = asyncio.run(_examine(show=not as_json))
    is_well = all(finding.ok for finding in findings)
    if as_json:
        described = [
            {"name": finding.name, "ok": finding.ok, "detail": finding.detail, "advice": finding.advice}
            for finding in findings
        ]
        print_json({"ok": is_well, "checks": described})
    if not is_well:
        raise SystemExit(1)


async def _examine(*, show: bool) -> list[Finding]:
    findings = []
    async for finding in _findings():
        findings.append(finding)
        if show:
            _show(finding)
    return findings


async def _findings() -> AsyncIterator[Finding]:
    environment = effective_environment(os.environ)
    settings = bus_settings(environment)
    yield checks.python()
    has_bus = True
    async for finding in checks.bus(settings):
        has_bus = has_bus and (finding.ok or finding.name == "events")
        yield finding
    yield await checks.room(environment)
    if not has_bus:
        return
    try:
        bus = await Bus.connect(settings, Identity.start("cli"), timeout_s=CONNECT_TIMEOUT_S)
    except BusUnavailable as error:
        yield Finding("bus", False, str(error), "Run `salon doctor` again.")
        return
    try:
        yield await checks.token(bus)
        yield await checks.effects(bus)
        async for finding in checks.relays(bus):
            yield finding
    finally:
        await bus.close()


def _show(finding: Finding) -> None:
    mark = styled("ok    ", fg="green") if finding.ok else styled("failed", fg="red", bold=True)
    click.echo(f"{mark}  {finding.name:<{_NAME_WIDTH}}  {finding.detail}")
    if finding.advice:
        click.echo(f"{'':<{_NAME_WIDTH + 10}}{styled(finding.advice, fg='yellow')}")
