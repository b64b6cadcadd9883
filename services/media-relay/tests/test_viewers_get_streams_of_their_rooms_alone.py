"""The relay itself gives a viewer nothing of a room that its order does not name, whoever made the order."""

from collections.abc import Callable

import pytest
import pytest_asyncio
from salon_contracts.errors import StreamNotFound
from salon_testing.relay.running import RunningRelay

ReadOffer = Callable[[str], str]
CAM = [("0", "cam"), ("1", "cam")]


@pytest_asyncio.fixture
async def play(relay: RunningRelay, read_offer: ReadOffer) -> Callable[..., list[str]]:
    """Publishes `cam` in room `board`; `play(transport, room)` is what a viewer gets of it."""
    relay.negotiate("s_1.send", read_offer("chromium_156_publish_vp8"), CAM, sends=True, room_id="board")

    def play(transport_id: str, room_id: str, *playable: str, single: str | None = None) -> list[str]:
        _, tracks = relay.negotiate(
            transport_id,
            read_offer("chromium_156_publish_vp8").replace("a=sendonly", "a=recvonly"),
            [] if single else CAM,
            single=single,
            sends=False,
            room_id=room_id,
            playable_room_ids=frozenset(playable),
        )
        return [stream for _, stream, _ in tracks]

    return play


async def test_of_its_own_room(play: Callable[..., list[str]]) -> None:
    assert play("s_2.recv", "board") == ["cam", "cam"]


@pytest.mark.parametrize("playable", [("board",), ("stage", "board"), ("",)])
async def test_of_a_room_that_is_named(play: Callable[..., list[str]], playable: tuple[str, ...]) -> None:
    assert play("s_2.recv", "lobby", *playable) == ["cam", "cam"]


@pytest.mark.parametrize("playable", [(), ("stage",), ("boar", "board2")])
@pytest.mark.parametrize("single", [None, "cam"])
async def test_of_no_other_as_if_it_were_not_there(
    play: Callable[..., list[str]], relay: RunningRelay, playable: tuple[str, ...], single: str | None
) -> None:
    with pytest.raises(StreamNotFound) as there:
        play("s_2.recv", "lobby", *playable, single=single)
    assert there.value == StreamNotFound(stream_id="cam")
    assert relay.router.registry.sinks == 0


async def test_an_id_that_comes_again_in_another_room_is_not_played_on(
    relay: RunningRelay, read_offer: ReadOffer, play: Callable[..., list[str]]
) -> None:
    assert play("s_2.recv", "board") == ["cam", "cam"]
    relay.negotiate("s_3.send", read_offer("chromium_156_publish_vp8"), CAM, sends=True, room_id="elsewhere")
    assert play("s_2.recv", "board") == []
    assert relay.router.registry.sinks == 0
