"""Stream ids that pages make of room and user ids, with marks that mean something in subjects, URLs, SDP and pages."""

from urllib.parse import quote

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh
from tests.system.test_whip_and_whep import session


async def test_such_streams_are_published_and_played(arrive: Arrive, cloud: Cloud) -> None:
    room, user = fresh("team#1/<b>&'"), fresh("ann.b@x,;=")
    streams = [f"{room}_{user}_main", f"{user}.*"]
    alice, bob = await arrive(user), await arrive(fresh("bob"))
    for person in (alice, bob):
        assert await person.login(room) == {"ok": True}
    for stream in streams:
        assert await alice.publish(stream)
        await alice.wait_event(
            "publisherStateUpdate", f"args[0].streamID === {stream!r} && args[0].state === 'PUBLISHING'"
        )
        await bob.play(stream)
        await bob.sees(stream)

    # Players that know nothing of Salon name it in a URL and read it in SDP.
    where = (quote(room, safe=""), quote(streams[0], safe=""))
    async with session("whep", cloud, *where, cloud.mint(fresh("viewer"))) as (peer, _):
        names = {
            line.split(":")[1].split(" ")[0] for line in peer.remoteDescription.sdp.splitlines() if "a=msid:" in line
        }
        assert len(names) == 1
        assert names.pop().startswith("~")
