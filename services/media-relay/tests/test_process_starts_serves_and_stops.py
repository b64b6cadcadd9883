"""The real process: announced when it can serve, events on the record when it stops, clear words if it cannot start."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

import pytest
from salon.relay.v1.relay_pb2 import (
    DIRECTION_SEND,
    TRANSPORT_CLOSE_REASON_RELAY_STOPPED,
    Negotiate,
    Negotiated,
    RelayAnnouncement,
    TransportClosed,
)
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET, command
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.testing import NatsServer

ReadOffer = Callable[[str], str]

pytestmark = pytest.mark.timeout(90)


async def start(server: NatsServer, **changes: str) -> asyncio.subprocess.Process:
    environment = dict(os.environ) | {
        "SALON_NATS_URL": server.settings.url,
        "SALON_NATS_USER": server.settings.user,
        "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
        "SALON_RELAY_ID": "relay-1",
        "SALON_RELAY_BIND_HOST": "127.0.0.1",
        "SALON_RELAY_PORT": "0",
        "SALON_RELAY_HEALTH_PORT": "0",
        "SALON_RELAY_REGION": "here",
        "SALON_LOG_FORMAT": "json",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "salon_relay", env=environment | changes, stderr=asyncio.subprocess.PIPE
    )


async def test_life_of_a_relay(nats_server: NatsServer, bus: Bus, events: Events, read_offer: ReadOffer) -> None:
    leases = LeaseBucket(bus, RELAYS_BUCKET)
    await leases.ensure()
    process = await start(nats_server)
    try:
        async with asyncio.timeout(60), leases.watch() as watch:
            async for change in watch:
                announced = RelayAnnouncement.FromString(change.value)
                if not announced.draining:
                    break
        assert (list(announced.addresses), announced.region) == (["127.0.0.1"], "here")
        assert announced.port > 0

        reply = await bus.request(
            command("relay", "negotiate", RelayId("relay-1")),
            Negotiate(
                app_id=1,
                room_id="room",
                room_session_id="rs_1",
                session_id="s_1",
                transport_id="s_1.p",
                direction=DIRECTION_SEND,
                offer_sdp=read_offer("obs_whip"),
                single_stream_id="cam",
            ),
            Negotiated,
            timeout_s=10,
        )
        assert f"m=video {announced.port} " in reply.answer_sdp

        process.send_signal(signal.SIGTERM)
        _, stderr = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, stderr.decode()
        assert "ice-pwd" not in stderr.decode()
        [closed] = await events.read_after(["salon.evt.v1.>"], 0)
        assert isinstance(closed.message, TransportClosed)
        assert closed.message.reason == TRANSPORT_CLOSE_REASON_RELAY_STOPPED
        assert await leases.entries() == []
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_transcoders_end_with_the_relay(nats_server: NatsServer, how: signal.Signals) -> None:
    process = await start(nats_server, SALON_RELAY_ID=f"relay-{how}", SALON_RELAY_TRANSCODER_SPARES="2")
    assert process.stderr is not None
    async with asyncio.timeout(60):
        for _ in range(2):
            while b"transcoder-ready" not in await process.stderr.readline():
                pass
        process.send_signal(how)
        # They have inherited it: it ends with the last one.
        await process.stderr.read()
        await process.wait()


async def test_port_that_is_taken_is_named(nats_server: NatsServer, bus: Bus) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    process = await start(nats_server, SALON_RELAY_PORT=str(port))
    _, stderr = await asyncio.wait_for(process.communicate(), 60)
    transport.close()
    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in stderr.decode().splitlines()[-1]
