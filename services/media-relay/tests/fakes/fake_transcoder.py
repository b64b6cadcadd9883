"""A process that keeps to the protocol of a transcoder, without media. Its argument says how it behaves.

obedient     ready; beautified when started; faded when told to
stubborn     the same, but deaf to SIGTERM and to the end of its sockets
never-ready  says nothing
dies-early   ends before it is ready
dies-used    ends when it is started
"""

import argparse
import signal
import socket
import sys
import time

from salon.relay.v1.relay_pb2 import (
    FromTranscoder,
    ToTranscoder,
    TranscoderBeautified,
    TranscoderFaded,
    TranscoderReady,
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("manner")
    parser.add_argument("--link-fd", type=int, required=True)
    parser.add_argument("--control-fd", type=int, required=True)
    arguments = parser.parse_args()
    link = socket.socket(fileno=arguments.link_fd)
    control = socket.socket(fileno=arguments.control_fd)
    if arguments.manner == "dies-early":
        sys.exit(5)
    if arguments.manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if arguments.manner != "never-ready":
        control.send(FromTranscoder(ready=TranscoderReady()).SerializeToString())
    while data := control.recv(65_536):
        order = ToTranscoder.FromString(data)
        match order.WhichOneof("body"):
            case "start" if arguments.manner == "dies-used":
                sys.exit(5)
            case "start":
                answer = FromTranscoder(beautified=TranscoderBeautified(worker_id="fake", version=order.start.version))
                control.send(answer.SerializeToString())
            case "fade":
                control.send(FromTranscoder(faded=TranscoderFaded()).SerializeToString())
            case _:
                pass
    link.close()
    while arguments.manner == "stubborn":
        time.sleep(1)


main()
