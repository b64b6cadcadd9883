"""The event loop goes on while an offer is read; a user's orders stay in order; a close in between wins."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from salon_contracts.errors import OfferMalformed, RateLimited, TransportNotFound
from salon_contracts.ids import TransportId
from salon_media.offer import OFFER_MAX_BYTES, Offer, parse_offer
from salon_relay.peers import offer_reader
from salon_relay.peers.offer_queue import WAITING_PER_USER_MAX
from salon_relay.peers.peer import CloseReason
from salon_testing.relay.running import MakeRelay, RunningRelay, order

ReadOffer = Callable[[str], str]


class SlowReader:
    """Reads offers only when the test says so, and notes whose."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._permits = threading.Semaphore(0)
        self.began: asyncio.Queue[str] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        monkeypatch.setattr(offer_reader, "parse_offer", self._read)

    def _read(self, text: str) -> Offer:
        self._loop.call_soon_threadsafe(self.began.put_nowait, text.partition("a=x-name:")[2].partition("\r")[0])
        assert self._permits.acquire(timeout=60)
        return parse_offer(text)

    def go_on(self, count: int = 1) -> None:
        self._permits.release(count)

    async def begun(self) -> str:
        async with asyncio.timeout(20):
            return await self.began.get()


def named(text: str, name: str) -> str:
    return text.replace("t=0 0\r\n", f"t=0 0\r\na=x-name:{name}\r\n", 1)


async def test_loop_goes_on_while_an_offer_is_read(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(monkeypatch)
    asked = asyncio.create_task(relay.router.negotiate(order("p", read_offer("obs_whip"), sends=True, single="cam")))
    await slow.begun()
    for _ in range(100):
        await asyncio.sleep(0)
    assert not asked.done()
    assert relay.router.transports == 0
    slow.go_on()
    answer, agreed = await asked
    assert "a=ice-lite" in answer
    assert [item.name for item in agreed] == ["opus", "H264"]


async def test_orders_of_one_user_stay_in_order(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(monkeypatch)
    text = read_offer("chromium_156_publish_vp8")
    answered: list[str] = []

    async def ask(name: str, tracks: list[tuple[str, str]]) -> None:
        await relay.router.negotiate(order("p", named(text, name), tracks, sends=True))
        answered.append(name)

    asking = [
        asyncio.create_task(ask("both", [("0", "cam"), ("1", "cam")])),
        asyncio.create_task(ask("sound", [("0", "cam")])),
        asyncio.create_task(ask("picture", [("1", "screen")])),
    ]
    assert await slow.begun() == "both"
    slow.go_on(3)
    await asyncio.gather(*asking)
    assert answered == ["both", "sound", "picture"]
    registry = relay.router.registry
    assert (registry.streams, registry.sources) == (1, 1)


async def test_offer_of_another_address_is_next(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(monkeypatch)
    text = read_offer("obs_whip")

    def ask(name: str, user_id: str, address: str) -> asyncio.Task[object]:
        made = order(name, named(text, name), sends=True, single=name, user_id=user_id, address=address)
        return asyncio.create_task(relay.router.negotiate(made))

    asking = [ask(f"m{number}", f"mallory-{number % 2}", "192.0.2.1") for number in range(8)]
    assert await slow.begun() == "m0"
    asking.append(ask("b", "bob", "192.0.2.2"))
    await asyncio.sleep(0)
    slow.go_on(9)
    assert "b" in [await slow.begun() for _ in range(2)]
    await asyncio.gather(*asking)


async def test_user_with_too_many_is_refused_at_once_and_others_are_not(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(monkeypatch)
    text = read_offer("obs_whip")
    first = asyncio.create_task(relay.router.negotiate(order("m", text, sends=True, single="m")))
    await slow.begun()
    waiting = [
        asyncio.create_task(relay.router.negotiate(order(f"m{n}", text, sends=True, single=f"m{n}")))
        for n in range(WAITING_PER_USER_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await relay.router.negotiate(order("one-more", text, sends=True, single="one-more"))
    other = asyncio.create_task(relay.router.negotiate(order("b", text, sends=True, single="b", user_id="bob")))
    slow.go_on(len(waiting) + 2)
    await asyncio.gather(first, other, *waiting)


@pytest.mark.parametrize("is_known", [False, True])
async def test_what_is_closed_while_its_offer_is_read_is_not_found(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    text = read_offer("obs_whip")
    if is_known:
        relay.negotiate("p", text, sends=True, single="cam")
    slow = SlowReader(monkeypatch)
    asked = asyncio.create_task(relay.router.negotiate(order("p", text, sends=True, single="cam")))
    await slow.begun()
    relay.router.close(TransportId("p"))
    slow.go_on()
    with pytest.raises(TransportNotFound):
        await asked
    assert (relay.router.transports, relay.router.registry.streams) == (0, 0)
    assert relay.facts.closed == ({"p": CloseReason.ORDERED} if is_known else {})


async def test_asker_that_gave_up_changes_nothing(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(monkeypatch)
    text = read_offer("obs_whip")
    given_up = [
        asyncio.create_task(relay.router.negotiate(order(name, named(text, name), sends=True, single=name)))
        for name in ("a", "b")
    ]
    assert await slow.begun() == "a"
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    wanted = asyncio.create_task(relay.router.negotiate(order("c", named(text, "c"), sends=True, single="c")))
    slow.go_on(2)
    await wanted
    assert await slow.begun() == "c"  # b was not read at all
    assert relay.router.transports == 1


async def test_offer_that_is_too_long_or_refused_does_not_wait(relay: RunningRelay, read_offer: ReadOffer) -> None:
    with pytest.raises(OfferMalformed, match="bytes"):
        await relay.router.negotiate(order("p", "x" * (OFFER_MAX_BYTES + 1), sends=True, single="cam"))
    with pytest.raises(OfferMalformed, match="line 1"):
        await relay.router.negotiate(order("p", "junk", sends=True, single="cam"))
    assert relay.router.transports == 0


async def test_bug_in_reading_ends_one_order(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(text: str) -> Offer:
        raise ZeroDivisionError

    text = read_offer("obs_whip")
    with monkeypatch.context() as patched:
        patched.setattr(offer_reader, "parse_offer", broken)
        with pytest.raises(ZeroDivisionError):
            await relay.router.negotiate(order("p", text, sends=True, single="cam"))
    await relay.router.negotiate(order("p", text, sends=True, single="cam"))


async def test_nobody_waits_for_a_relay_that_has_stopped(
    make_relay: MakeRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_relay() as relay:
        slow = SlowReader(monkeypatch)
        text = read_offer("obs_whip")
        asking = [
            asyncio.create_task(relay.router.negotiate(order(name, text, sends=True, single=name)))
            for name in ("a", "b")
        ]
        await slow.begun()
        slow.go_on(2)
    async with asyncio.timeout(20):
        await asyncio.gather(*asking, return_exceptions=True)
