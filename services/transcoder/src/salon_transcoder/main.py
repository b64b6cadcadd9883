"""Starts the transcoder process of a relay."""

import argparse
import asyncio
import logging
import os

import uvloop
from salon_kit.identity import Identity
from salon_kit.log import set_up_logging
from salon_kit.settings import BusSettings, ProcessSettings, load

from salon_transcoder.config import TranscoderSettings
from salon_transcoder.limits import limit_this_process
from salon_transcoder.process import Process


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m salon_transcoder",
        description="Beautifies the video of one stream. Started by a media relay, never by hand.",
    )
    parser.add_argument("--link-fd", type=int, required=True, help="socket that carries the stream's packets")
    parser.add_argument("--control-fd", type=int, required=True, help="socket that carries the relay's orders")
    arguments = parser.parse_args()
    process, bus, settings = load(ProcessSettings), load(BusSettings), load(TranscoderSettings)
    identity = Identity.start("transcoder", process.node_id or None)
    set_up_logging(level=process.log_level, format_=process.log_format, service="transcoder", node_id=identity.node)
    limit_this_process()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_run(arguments.link_fd, arguments.control_fd, bus, settings, identity))
    logging.shutdown()
    os._exit(code)  # the relay waits for the end, and to take the interpreter apart is half a second of nothing


async def _run(
    link_fd: int, control_fd: int, bus_settings: BusSettings, settings: TranscoderSettings, identity: Identity
) -> int:
    return await Process(link_fd, bus_settings, settings, identity).run(control_fd)
