import asyncio

import pytest
from nats.errors import Error as NatsError
from pydantic import SecretStr
from salon.token.v1.token_pb2 import TokenVerified, VerifyToken
from salon_contracts.errors import BusUnavailable
from salon_contracts.subjects import query
from salon_kit.bus import Bus, RequestContext
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.settings import BusSettings
from salon_kit.testing import Gathered, MakeBus, NatsServer, free_port
from structlog.testing import capture_logs

from .entities import logged_in, user

SUBJECT = query("token", "verify-token")


async def echo(request: VerifyToken, context: RequestContext) -> TokenVerified:
    return TokenVerified(user_id=request.user_id)


async def test_state_is_told_and_what_was_served_is_served_again(
    own_nats_server: NatsServer, make_own_bus: MakeBus
) -> None:
    bus = await make_own_bus()
    states: Gathered[bool] = Gathered()
    remove = bus.on_connection(states.add)
    await bus.serve(SUBJECT, VerifyToken, echo)
    own_nats_server.kill()
    await states.until(lambda items: items == [False])
    assert not bus.connected
    with pytest.raises(BusUnavailable):
        await bus.request(SUBJECT, VerifyToken(), TokenVerified, timeout_s=0.05)
    own_nats_server.start()
    await states.until(lambda items: items == [False, True])
    assert (await bus.request(SUBJECT, VerifyToken(user_id="a"), TokenVerified, 5.0)).user_id == "a"
    remove()
    own_nats_server.kill()
    own_nats_server.start()
    await bus.wait_connected(10.0)
    assert states.items == [False, True]


async def test_a_request_waits_for_the_connection_until_its_deadline(
    own_nats_server: NatsServer, make_own_bus: MakeBus
) -> None:
    bus = await make_own_bus()
    lost = asyncio.Event()
    bus.on_connection(lambda up: None if up else lost.set())
    await bus.serve(SUBJECT, VerifyToken, echo)
    own_nats_server.kill()
    await asyncio.wait_for(lost.wait(), 5.0)
    ask = asyncio.create_task(bus.request(SUBJECT, VerifyToken(user_id="a"), TokenVerified, timeout_s=20.0))
    own_nats_server.start()
    assert (await ask).user_id == "a"


async def test_a_request_in_flight_fails_when_the_connection_breaks(
    own_nats_server: NatsServer, make_own_bus: MakeBus
) -> None:
    bus = await make_own_bus()
    begun = asyncio.Event()

    async def never(request: VerifyToken, context: RequestContext) -> TokenVerified:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    await bus.serve(SUBJECT, VerifyToken, never)
    ask = asyncio.create_task(bus.request(SUBJECT, VerifyToken(), TokenVerified, timeout_s=30.0))
    await asyncio.wait_for(begun.wait(), 5.0)
    own_nats_server.kill()
    with pytest.raises(BusUnavailable):
        await asyncio.wait_for(ask, 5.0)


async def test_a_client_that_has_given_up_is_replaced(make_own_bus: MakeBus) -> None:
    bus = await make_own_bus()
    states: Gathered[bool] = Gathered()
    bus.on_connection(states.add)
    await bus.serve(SUBJECT, VerifyToken, echo)
    await bus.connection._client.native._process_err("'authentication revoked'")  # makes nats-py close for good
    await states.until(lambda items: items == [False, True])
    assert (await bus.request(SUBJECT, VerifyToken(user_id="a"), TokenVerified, 5.0)).user_id == "a"


async def test_a_silent_server_is_noticed(own_nats_server: NatsServer) -> None:
    settings = own_nats_server.settings.model_copy(update={"ping_interval_s": 0.1, "connect_timeout_s": 0.5})
    bus = await Bus.connect(settings, Identity.start("test", "a"))
    states: Gathered[bool] = Gathered()
    bus.on_connection(states.add)
    own_nats_server.pause()
    await states.until(lambda items: items == [False])
    own_nats_server.resume()
    await states.until(lambda items: items == [False, True])
    await bus.close()


async def test_nothing_listens_there() -> None:
    settings = BusSettings(url=f"nats://127.0.0.1:{free_port()}", reconnect_wait_s=0.02)
    with pytest.raises(BusUnavailable) as caught:
        await Bus.connect(settings, Identity.start("test", "a"), timeout_s=0.3)
    assert isinstance(caught.value.__cause__, OSError)


async def test_a_wrong_password_is_told_and_neither_is_logged(nats_server: NatsServer) -> None:
    settings = nats_server.settings.model_copy(update={"password": SecretStr("wr0ng-passw0rd")})
    with capture_logs() as lines, pytest.raises(BusUnavailable) as caught:
        await Bus.connect(settings, Identity.start("test", "a"), timeout_s=0.3)
    assert isinstance(caught.value.__cause__, NatsError)
    assert "authorization" in str(caught.value.__cause__).lower()
    assert "wr0ng" not in repr(lines) + repr(settings)


async def test_an_append_outlives_a_restart_within_its_deadline(
    own_nats_server: NatsServer, make_own_bus: MakeBus
) -> None:
    bus = await make_own_bus()
    events = Events(bus)
    await events.ensure()
    lost = asyncio.Event()
    bus.on_connection(lambda up: None if up else lost.set())
    own_nats_server.kill()
    await asyncio.wait_for(lost.wait(), 5.0)
    append = asyncio.create_task(events.append(user("a"), logged_in("a"), expected_sequence=0, timeout_s=20.0))
    own_nats_server.start()
    assert await append == 1
