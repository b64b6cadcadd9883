import pytest
from nats.aio.msg import Msg
from salon_contracts.errors import InvariantBroken
from salon_kit.bus import Bus, is_no_responders
from salon_kit.testing import Gathered, MakeBus
from structlog.testing import capture_logs

SUBJECT = "salon.frm.v1.relay.0123"


async def test_a_message_arrives_as_it_is_and_without_headers(bus: Bus, make_bus: MakeBus) -> None:
    got: Gathered[Msg] = Gathered()

    async def take(message: Msg) -> None:
        got.add(message)

    subscription = await bus.subscribe(SUBJECT, take)
    await bus.flush()
    sender = await make_bus()
    await sender.publish(SUBJECT, b"one")
    await sender.publish(SUBJECT, b"two", reply="salon.frm.v1.relay.answer")
    one, two = await got.until(lambda items: len(items) == 2)
    assert (one.data, one.reply, one.headers) == (b"one", "", None)
    assert (two.data, two.reply) == (b"two", "salon.frm.v1.relay.answer")
    assert not is_no_responders(two)
    await subscription.unsubscribe()


async def test_what_a_callback_raises_ends_nothing(bus: Bus) -> None:
    got: Gathered[bytes] = Gathered()

    async def take(message: Msg) -> None:
        got.add(message.data)
        raise KeyError("a bug")

    subscription = await bus.subscribe(SUBJECT, take)
    with capture_logs() as lines:
        await bus.publish(SUBJECT, b"one")
        await bus.publish(SUBJECT, b"two")
        assert await got.until(lambda items: len(items) == 2) == [b"one", b"two"]
    assert [line["event"] for line in lines] == ["bus-error"]
    await subscription.unsubscribe()


async def test_nats_says_at_once_that_nobody_listens(bus: Bus) -> None:
    got: Gathered[Msg] = Gathered()

    async def take(message: Msg) -> None:
        got.add(message)

    subscription = await bus.subscribe(SUBJECT, take)
    await bus.publish("salon.frm.v1.effects.nobody.0123", b"a frame", reply=SUBJECT)
    (message,) = await got.until(lambda items: len(items) == 1)
    assert is_no_responders(message)
    await subscription.unsubscribe()


@pytest.mark.parametrize("length", [2_049, 4_100, 100_000])
async def test_a_subject_that_nats_would_not_take_costs_no_connection(bus: Bus, length: int) -> None:
    changes: list[bool] = []
    remove = bus.on_connection(changes.append)
    with pytest.raises(InvariantBroken, match=f"{length} characters"):
        await bus.publish("a" * length, b"")
    await bus.publish(SUBJECT, b"the next one")
    await bus.flush()
    remove()
    assert not changes


async def test_the_longest_subject_that_is_sent_is_taken(bus: Bus) -> None:
    changes: list[bool] = []
    remove = bus.on_connection(changes.append)
    await bus.publish("a" * 2_048, b"", reply="b" * 200)
    await bus.flush()
    remove()
    assert not changes
