"""Cost per forwarded packet and added latency of the packet core, over real loopback sockets (two Rust programs)."""

import asyncio
import json
from collections import defaultdict
from pathlib import Path

from bench.report import Report

PACKETS = Path(__file__).parents[1] / "libs" / "packets"
ROUNDS = 3
COST_BAR = "at most 1.6 x one loopback sendto + recv at 50 and more viewers"
LATENCY_BAR = "p50 at most 0.3 ms, p99 at most 3 ms at 30 % load"
DEADLINE_S = 600.0

Row = dict[str, float]


async def run(report: Report) -> None:
    """The rounds are interleaved, so that a machine that drifts does so for all; told is the middle round."""
    await _cargo("build", "--examples")
    costs: defaultdict[float, list[Row]] = defaultdict(list)
    latencies: defaultdict[float, list[Row]] = defaultdict(list)
    for _ in range(ROUNDS):
        for row in await _rows("fanout_cost"):
            costs[row["viewers"]].append(row)
        for row in await _rows("latency_at_load"):
            latencies[row["viewers_per_room"]].append(row)
    for rows in costs.values():
        report.add("relay-fan-out", bar=COST_BAR, rounds=ROUNDS, **_middle(rows, "ratio"))
    for rows in latencies.values():
        report.add("relay-latency", bar=LATENCY_BAR, rounds=ROUNDS, **_middle(rows, "latency_us_p99"))


def _middle(rows: list[Row], key: str) -> Row:
    return sorted(rows, key=lambda row: row[key])[len(rows) // 2]


async def _rows(example: str) -> list[Row]:
    lines = (await _cargo("run", "--example", example)).splitlines()
    return [json.loads(line) for line in lines]


async def _cargo(verb: str, *arguments: str) -> bytes:
    command = ["cargo", verb, "--quiet", "--release", "--locked", "-p", "salon-packets-core", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=PACKETS, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed")
    return output
