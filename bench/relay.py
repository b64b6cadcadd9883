"""Cost per forwarded packet and added latency of the packet core, over real loopback sockets (a Rust program)."""

import asyncio
import json
from pathlib import Path

from bench.report import Report

PACKETS = Path(__file__).parents[1] / "libs" / "packets"


async def run(report: Report) -> None:
    command = [
        "cargo",
        "run",
        "--quiet",
        "--release",
        "--locked",
        "-p",
        "salon-packets-core",
        "--example",
        "fanout_cost",
    ]
    process = await asyncio.create_subprocess_exec(*command, cwd=PACKETS, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async for line in process.stdout:
        row = json.loads(line)
        report.add(row.pop("bench", "relay-fan-out"), **row)
    if await process.wait() != 0:
        raise RuntimeError("the fan-out benchmark failed")
