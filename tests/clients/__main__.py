"""`python -m tests.clients [CLIENT …]`: runs each row and writes its line; fails when one fails that has to work.

JSON lines on stdout; docs/clients.md gets the rows of every client that could be run here.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.clients import matrix, namespace
from tests.clients.aiortc_client import Aiortc
from tests.clients.chromium import Chromium
from tests.clients.client import Client, ClientFailed, Direction, Job, Row
from tests.clients.dev_cloud import DevCloud
from tests.clients.ffmpeg import Ffmpeg
from tests.clients.firefox import Firefox
from tests.clients.gstreamer import Gstreamer
from tests.clients.node_datachannel import NodeDatachannel
from tests.clients.outcome import Outcome, Result
from tests.clients.pion import Pion
from tests.clients.seen import Seen
from tests.system.rooms import fresh

CLIENTS: Mapping[str, type[Client]] = {
    "aiortc": Aiortc,
    "chromium": Chromium,
    "firefox": Firefox,
    "ffmpeg": Ffmpeg,
    "pion": Pion,
    "gstreamer": Gstreamer,
    "libdatachannel": NodeDatachannel,
}
ROW_DEADLINE_S = 120.0


async def run(names: list[str]) -> int:
    """How many rows failed that have to work."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        cloud = DevCloud(Path(folder)).begin()
        clients = {name: make() for name, make in CLIENTS.items()}
        opened: list[Client] = []
        try:
            for name in names:
                client = clients[name]
                if missing := client.missing():
                    for row in client.rows:
                        _tell(Outcome(client.name, row, Result.NOT_RUN, missing))
                    continue
                peer = clients["chromium" if name == "aiortc" else "aiortc"]
                for each in (client, peer):
                    if each not in opened:
                        opened.append(each)
                        await each.open()
                outcomes = []
                for row in client.rows:
                    outcome = await _one(cloud, client, peer, row)
                    _tell(outcome)
                    outcomes.append(outcome)
                matrix.write(name, await client.versions(), outcomes)
                failed += sum(each.result is Result.FAILS for each in outcomes)
        finally:
            for each in opened:
                await each.close()
            cloud.stop()
            if failed:
                print(cloud.rooms[0].said(), file=sys.stderr)
    return failed


async def _one(cloud: DevCloud, client: Client, peer: Client, row: Row) -> Outcome:
    if missing := peer.missing():
        return Outcome(client.name, row, Result.NOT_RUN, f"the other end, {peer.name}: {missing}")
    folder = Path(tempfile.mkdtemp(dir=cloud.folder))
    job = Job(cloud, fresh("room"), fresh("stream"), row, folder)
    publisher, player = (client, peer) if row.direction is Direction.PUBLISHES else (peer, client)
    try:
        async with asyncio.timeout(ROW_DEADLINE_S):
            seen = await _through(publisher, player, job)
    except TimeoutError:
        return Outcome.of(client.name, row, None, f"not done within {ROW_DEADLINE_S:.0f} s")
    except ClientFailed as problem:
        return Outcome.of(client.name, row, None, str(problem))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome.of(client.name, row, seen, seen.problem)


async def _through(publisher: Client, player: Client, job: Job) -> Seen:
    async with publisher.publishing(job) as ended:
        playing = asyncio.create_task(player.play(job))
        either: set[asyncio.Future[Seen] | asyncio.Future[None]] = {playing, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            return playing.result()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        ended.result()
        raise ClientFailed(f"{publisher.name} stopped publishing by itself")


def _tell(outcome: Outcome) -> None:
    print(json.dumps(outcome.as_json()), flush=True)


def main() -> None:
    names = sys.argv[1:] or list(CLIENTS)
    if unknown := set(names) - set(CLIENTS):
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(CLIENTS)}")
    if namespace.is_inside():
        namespace.set_up()
    elif why_not := namespace.enter():
        print(f"in this machine's own network, since {why_not}", file=sys.stderr)
    if failed := asyncio.run(run(names)):
        sys.exit(f"{failed} rows fail that have to work")


if __name__ == "__main__":
    main()
