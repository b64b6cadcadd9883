"""`python -m bench [join] [relay] [logins] [effects]`: all of them without arguments; `abuse [ATTACK …]`,
`kills [SERVICE …]` and `room [PEOPLE [PER_S]]` by themselves.
"""

import sys
import tempfile
from pathlib import Path

import uvloop
from salon_kit.log import set_up_logging

from bench import effects_filter, effects_stream, effects_switch, effects_transport, join, logins, relay, room
from bench.abuse import run as abuse
from bench.kills import run as kills
from bench.report import Report
from tests.system.cloud import Cloud

NAMES = ("relay", "join", "logins", "effects")


async def main(names: list[str]) -> None:
    report = Report()
    if names[0] == "kills":
        await kills.run(report, names[1:])
        report.table()
        return
    if names[0] == "room":
        await room.run(report, names[1:])
        report.table()
        return
    if "relay" in names:
        await relay.run(report)
    if "abuse" in names:
        await abuse.run(report, names[1:])
    if "effects" in names:
        effects_filter.run(report)
        await effects_transport.run(report)
        await effects_stream.run(report)
        await effects_switch.run(report)
    if {"join", "logins"} & set(names):
        with tempfile.TemporaryDirectory() as folder:
            cloud = Cloud(Path(folder)).start()
            try:
                if "join" in names:
                    await join.run(cloud, report)
                if "logins" in names:
                    await logins.run(cloud, report)
            finally:
                cloud.stop()
    report.table()


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(NAMES)
    unknown = set(wanted) - {"abuse", *abuse.NAMES} if wanted[0] == "abuse" else set(wanted) - set(NAMES)
    if wanted[0] in ("kills", "room"):
        unknown = set()  # it reads its own
    if unknown:
        sys.exit(f"bench: there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    set_up_logging(level="error")
    uvloop.run(main(wanted))  # as every service does
