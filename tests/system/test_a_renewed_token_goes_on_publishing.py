import time

from tests.system.app_page import engine, prepare, said, wait_said
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

LIFETIME_S = 4


async def test_a_renewed_token_goes_on_publishing(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    await engine(alice, [])
    room, first, second = fresh("room"), fresh("first"), fresh("second")
    await alice.call("() => zg.on('tokenWillExpire', (room) => said.push(['tokenWillExpire', room]))")
    short = alice.cloud.mint(alice.user_id, lifetime_s=LIFETIME_S)
    ends_at = time.time() + LIFETIME_S
    assert await alice.call("([r, t, u]) => zg.loginRoom(r, t, { userID: u })", [room, short, alice.user_id])
    await wait_said(alice, "tokenWillExpire", room)
    await alice.call(
        "async (id) => { window.media = await zg.createStream(); zg.startPublishingStream(id, media); }", first
    )
    await wait_said(alice, "publisherStateUpdate", first, "PUBLISHING", 0)

    while time.time() <= ends_at + 1:
        await alice.page.wait_for_timeout(100)
    assert await alice.call("() => zg.renewToken('04 no token')") is False
    await alice.call("(id) => zg.startPublishingStream(id, media)", second)
    await wait_said(alice, "publisherStateUpdate", second, "NO_PUBLISH", 1102018)

    assert await alice.call("([t, r]) => zg.renewToken(t, r)", [alice.cloud.mint(alice.user_id), room])
    await alice.call("(id) => zg.startPublishingStream(id, media)", second)
    await wait_said(alice, "publisherStateUpdate", second, "PUBLISHING", 0)
    # What was published before is published again with the new log-in, and the app is never told of a broken room.
    await alice.wait_for(
        "(id) => said.filter((e) => e[0] === 'publisherStateUpdate' && e[1] === id).at(-1)[2] === 'PUBLISHING'",
        first,
    )
    assert [event[1] for event in await said(alice, "roomStateChanged", "tokenWillExpire")] == [
        "LOGINING",
        "LOGINED",
        room,
    ]
    assert problems == []
