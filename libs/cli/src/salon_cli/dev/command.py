"""The command itself: plan, start, show, wait for Ctrl-C, stop."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import click
from salon_contracts.errors import SalonError
from salon_kit.log import set_up_logging

from salon_cli.dev.certificate import fingerprint
from salon_cli.dev.child import ChildFailed
from salon_cli.dev.cloud import Cloud
from salon_cli.dev.plan import Plan, PlanImpossible
from salon_cli.dev.screen import Screen
from salon_cli.dev.state import DevState


@click.command()
@click.option("--verbose", is_flag=True, help="Show every line the services log, not only warnings.")
def dev(*, verbose: bool) -> None:
    """Run the whole cloud on this machine until Ctrl-C. What ends before that is started again.

    With SALON_PUBLIC_HOST=<name or address> it serves other machines over HTTPS. Ports: SALON_HTTP_PORT,
    SALON_MEDIA_PORT, SALON_NATS_PORT. What it keeps lies in SALON_STATE_DIR (default var/dev).
    """
    set_up_logging(level="error", format_="console", service="cli")
    screen = Screen(verbose=verbose)
    try:
        plan = Plan.from_environment(os.environ)
        plan.check_ports()
        state = DevState.load(Path(os.environ.get("SALON_STATE_DIR") or "var/dev").absolute())
    except PlanImpossible as problem:
        screen.fail(str(problem))
        sys.exit(1)
    except OSError as problem:
        screen.fail(f"cannot keep state in {problem.filename}: {problem.strerror}.")
        sys.exit(1)
    sys.exit(asyncio.run(_run(plan, state, screen)))


async def _run(plan: Plan, state: DevState, screen: Screen) -> int:
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked_to_stop.set)
    cloud = Cloud(plan, state, screen)
    work = asyncio.create_task(_serve(cloud, plan, state, screen), name="serve")
    stop = asyncio.create_task(asked_to_stop.wait(), name="stop")
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        else:
            screen.stopping()
        return 0
    except (ChildFailed, SalonError) as problem:
        screen.fail(str(problem))
        return 1
    finally:
        work.cancel()
        stop.cancel()
        await asyncio.gather(work, stop, return_exceptions=True)
        await cloud.stop()


async def _serve(cloud: Cloud, plan: Plan, state: DevState, screen: Screen) -> None:
    screen.say("Salon\n")
    await cloud.start()
    token = await cloud.ensure_apps()
    rows = [
        ("Open", plan.url),
        ("AppID", str(state.app_id)),
        ("ServerSecret", state.server_secret),
        ("Token", token),
    ]
    hints = ["The token lets the user `visitor` into any room for 24 hours."]
    hints += [f"More tokens: .venv/bin/salon token mint --app-id {state.app_id} --user-id <user>. Stop with Ctrl-C."]
    if cloud.certificate is not None:
        rows.insert(1, ("Certificate", f"self-signed, SHA-256 {fingerprint(cloud.certificate[0])}"))
        hints.insert(0, "On the other machine, open the address, accept the certificate once, and reload.")
        hints.insert(1, f"Let TCP {plan.http_port} and UDP {plan.media_port} through the firewall.")
    screen.banner(rows, hints)
    await cloud.watch()
