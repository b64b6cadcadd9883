"""Kill -9 of each service in the middle of two calls of two, one with the Python SDK and one with the browser SDK.

    python -m bench kills [room] [relay] [token] [effects] [nats] [--rounds N] [--load N]

A service is killed, started again after half a second, and measured is when it is ready, when the first message sent
after the kill arrived at each side, and how long the pictures stood still. Everybody sends a numbered message every
100 ms all the time: at the end each that was acknowledged must have arrived exactly once and in order. Between two
kills everything is left alone until the clients take their connection for a lasting one. `--load` adds processes that
do nothing but compute.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import async_playwright

from bench.kills.python_client import PythonClient, log_in_anew
from bench.kills.record import Delivery, Record, now_ms
from bench.kills.service import Killable
from bench.kills.web_client import WebClient
from bench.report import Report, quantile
from tests.system.browser import launch
from tests.system.cloud import Cloud, Process
from tests.system.rooms import fresh

SERVICES = ("room", "relay", "token", "effects", "nats")
AWAY_S = 0.5
BACK_MAX_S = 30.0
"""A client that is not back by then counts as that late."""
SETTLE_S = 6.0
"""Longer than the 5 s after which the SDKs take a connection for a lasting one."""
GAP_MS = 500.0
"""Pictures that stood still for less were not lost."""
BAR = "signalling back p95 at most 1500 ms after the service is, no event lost or twice"

Client = PythonClient | WebClient


@dataclass
class Pair:
    """The two of a call, and what each kill did to them."""

    kind: str
    left: Client
    right: Client
    back_ms: list[float] = field(default_factory=list)
    """From readiness, both directions of every kill."""
    back_from_kill_ms: list[float] = field(default_factory=list)
    picture_gap_ms: list[float] = field(default_factory=list)
    picture_back_ms: list[float] = field(default_factory=list)
    """From readiness, of those that stood still."""
    never_back: int = 0

    @property
    def directions(self) -> list[tuple[Record, Record]]:
        left, right = self.left.record, self.right.record
        return [(left, right), (right, left)]

    async def update(self) -> None:
        await asyncio.gather(self.left.update(), self.right.update())

    def is_back(self, killed_ms: float, ready_ms: float) -> bool:
        return all(
            receiver.first_of_those_sent_after(killed_ms, sender) is not None and receiver.sees_since(ready_ms)
            for sender, receiver in self.directions
        )

    def measure(self, killed_ms: float, ready_ms: float) -> None:
        for sender, receiver in self.directions:
            back_at_ms = receiver.first_of_those_sent_after(killed_ms, sender)
            if back_at_ms is None or not receiver.sees_since(ready_ms):
                self.never_back += 1
            back_at_ms = back_at_ms or ready_ms + BACK_MAX_S * 1000
            self.back_ms.append(max(0.0, back_at_ms - ready_ms))
            self.back_from_kill_ms.append(back_at_ms - killed_ms)
            ended_ms, gap_ms = receiver.longest_picture_gap(killed_ms)
            self.picture_gap_ms.append(gap_ms)
            if gap_ms >= GAP_MS:
                self.picture_back_ms.append(max(0.0, ended_ms - ready_ms))

    def forget(self) -> None:
        for figures in (self.back_ms, self.back_from_kill_ms, self.picture_gap_ms, self.picture_back_ms):
            figures.clear()
        self.never_back = 0

    def contradictions(self) -> list[str]:
        """What is wrong with whom and what each side knows."""
        found: list[str] = []
        for present, other in self.directions:
            found += present.contradictions
            if present.present != {"user": {other.name}, "stream": {f"{other.name}-camera"}}:
                found.append(f"{present.name} knows {present.present}")
            present.contradictions.clear()
        return found


async def run(report: Report, arguments: Sequence[str]) -> None:
    options = _options(arguments)
    present = asyncio.current_task()
    assert present is not None  # a coroutine is run by one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, present.cancel)  # so that no service is left behind
    load = [_compute() for _ in range(options.load)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            cloud = Cloud(Path(folder))
            try:
                cloud.start()
                async with _calls(cloud) as pairs:
                    for name in options.services or SERVICES:
                        await _measure(cloud, pairs, name, options.rounds, report)
            finally:
                cloud.stop()
    finally:
        for process in load:
            process.kill()
            process.wait()


def _compute() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "while True: pass"])


@asynccontextmanager
async def _calls(cloud: Cloud) -> AsyncIterator[list[Pair]]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        context = await browser.new_context()
        python_room, web_room = fresh("python-call"), fresh("web-call")
        pairs = [
            Pair(
                "python",
                PythonClient(cloud, python_room, fresh("ann")),
                PythonClient(cloud, python_room, fresh("bob")),
            ),
            Pair(
                "web",
                WebClient(context, cloud, web_room, fresh("ann")),
                WebClient(context, cloud, web_room, fresh("bob")),
            ),
        ]
        for pair in pairs:
            await pair.left.enter()
            await pair.right.enter()
            await pair.left.face(pair.right.record.name)
            await pair.right.face(pair.left.record.name)
        yield pairs
        for pair in pairs:
            await asyncio.gather(pair.left.leave(), pair.right.leave())
        await browser.close()


async def _measure(cloud: Cloud, pairs: list[Pair], name: str, rounds: int, report: Report) -> None:
    beautified = [client for pair in pairs for client in (pair.left,) if isinstance(client, WebClient)]
    if name == "effects":
        for client in beautified:
            await client.beautify(True)
    await asyncio.sleep(SETTLE_S)
    ready_ms: list[float] = []
    newcomer_ms: list[float] = []
    for _ in range(rounds):
        ready, newcomer = await _kill(cloud, pairs, _process(cloud, name))
        ready_ms.append(ready)
        newcomer_ms.append(newcomer)
    if name == "effects":
        for client in beautified:
            await client.beautify(False)
    for pair in pairs:
        await pair.update()
        _report(report, pair, name, ready_ms, newcomer_ms)
        pair.forget()


async def _kill(cloud: Cloud, pairs: list[Pair], process: Process) -> tuple[float, float]:
    """How long after the kill it was ready, and how long after that somebody new was let in."""
    service = Killable(process)
    killed_ms = now_ms()
    service.kill()
    newcomer = asyncio.create_task(log_in_anew(cloud, fresh("other-room"), fresh("carol")), name="newcomer")
    await asyncio.sleep(AWAY_S)
    ready_ms = await service.start_again()
    deadline_ms = ready_ms + BACK_MAX_S * 1000
    while now_ms() < deadline_ms:
        await asyncio.gather(*(pair.update() for pair in pairs))
        if all(pair.is_back(killed_ms, ready_ms) for pair in pairs):
            break
        await asyncio.sleep(0.1)
    let_in_ms = await newcomer
    await asyncio.sleep(max(0.0, ready_ms / 1000 + SETTLE_S - now_ms() / 1000))
    for pair in pairs:
        await pair.update()
        pair.measure(killed_ms, ready_ms)
    return ready_ms - killed_ms, max(0.0, let_in_ms - ready_ms)


def _report(report: Report, pair: Pair, name: str, ready_ms: list[float], newcomer_ms: list[float]) -> None:
    deliveries = [Delivery.between(sender, receiver) for sender, receiver in pair.directions]
    contradictions = pair.contradictions()
    for each in contradictions:
        print(f"kills: {name}: {each}", file=sys.stderr)
    refused = pair.left.record.refused + pair.right.record.refused
    figures = {
        **_spread("back", pair.back_ms),
        **_spread("back_from_kill", pair.back_from_kill_ms),
        **_spread("picture_gap", pair.picture_gap_ms),
        **(_spread("picture_back", pair.picture_back_ms) if pair.picture_back_ms else {}),
        **(_spread("newcomer", newcomer_ms) if pair.kind == "python" else {}),
    }
    report.add(
        "kills",
        bar=BAR,
        service=name,
        client=pair.kind,
        kills=len(ready_ms),
        ready_p50_ms=round(statistics.median(ready_ms)),
        **figures,
        never_back=pair.never_back,
        messages_so_far=sum(each.sent for each in deliveries),
        lost_so_far=sum(each.lost for each in deliveries),
        twice_so_far=sum(each.twice for each in deliveries),
        out_of_order_so_far=sum(each.out_of_order for each in deliveries),
        unanswered_so_far=refused.total(),
        contradictions=len(contradictions),
        load=round(os.getloadavg()[0], 1),
    )


def _spread(name: str, values: list[float]) -> dict[str, float]:
    return {
        f"{name}_p50_ms": round(statistics.median(values)),
        f"{name}_p95_ms": round(quantile(values, 0.95)),
        f"{name}_max_ms": round(max(values)),
    }


def _process(cloud: Cloud, name: str) -> Process:
    processes = {
        "room": cloud.rooms[0],
        "relay": cloud.relays[0],
        "token": cloud.token,
        "effects": cloud.effects[0],
        "nats": cloud.nats,
    }
    return processes[name]


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench kills")
    parser.add_argument("services", nargs="*", choices=[[], *SERVICES], metavar="SERVICE", help=", ".join(SERVICES))
    parser.add_argument("--rounds", type=int, default=10, help="kills of each service")
    parser.add_argument("--load", type=int, default=0, help="processes that keep the machine busy")
    return parser.parse_args(arguments)
