"""What an app hears when it does things at the wrong time, twice, or to somebody else's stream."""

import asyncio

from tests.system.app_page import engine, login, prepare, said, wait_said
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

CAMERA = "async () => { window.media = await zg.createZegoStream({ camera: { video: { quality: 1 } } }); }"
PUBLISH = "(id) => zg.startPublishingStream(id, media)"

# Argument checks that need no server: [call, expected].
WRONG = """async () => {
    const user = { userID: 'ann', userName: 'Ann' };
    return [
        await failure(zg.loginRoom('', '04', user)),
        await failure(zg.loginRoom('a%b', '04', user)),
        await failure(zg.loginRoom('r'.repeat(129), '04', user)),
        await failure(zg.loginRoom('room', '04', { userID: '', userName: 'x' })),
        await failure(zg.loginRoom('room', '04', { userID: 'a/b', userName: 'x' })),
        await failure(zg.loginRoom('room', '04', { userID: 'a'.repeat(65) })),
        await failure(zg.loginRoom('room', 'not a token', user)),
        await failure(zg.startPlayingStream('')),
        await failure(zg.startPlayingStream('a b')),
        await failure(zg.startPlayingStream('a'.repeat(257))),
        await failure(zg.startPlayingStream('fine')),
        await failure(zg.sendBroadcastMessage('room', 'hi')),
    ];
}"""
WRONG_CODES = [
    1002011, 1002012, 1002013, 1002005, 1002006, 1002007, 1102016, 1000015, 1000016, 1000014, 1000002, 1000002,
]  # fmt: skip

MESSAGES = """async (room) => [
    await failure(zg.sendBroadcastMessage(room, '')),
    await failure(zg.sendBroadcastMessage(room, '\\u00e9'.repeat(513))),
    await failure(zg.sendBroadcastMessage('elsewhere', 'hi')),
    await failure(zg.sendCustomCommand(room, 'hi', [''])),
    ...await Promise.all([1, 2, 3].map((n) => failure(zg.sendBroadcastMessage(room, `message ${n}`)))),
]"""


async def test_errors_have_their_codes(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room, stream = fresh("room"), fresh("stream")
    for person in (alice, bob):
        await engine(person)
        await person.call(CAMERA)

    # Before the log-in.
    assert await alice.call(WRONG) == WRONG_CODES
    await alice.call("said.length = 0")
    assert await alice.call(PUBLISH, stream) is False
    assert await said(alice) == [["publisherStateUpdate", stream, "NO_PUBLISH", 1000002]]
    assert await alice.call("(id) => [zg.stopPublishingStream(id), zg.stopPlayingStream(id)]", stream) == [False] * 2
    await alice.call("said.length = 0; zg.logoutRoom('nowhere')")
    assert await said(alice) == [
        ["roomStateUpdate", "DISCONNECTED", 1002002],
        ["roomStateChanged", "LOGOUT_FAILED", 1002002],
    ]
    await alice.call("said.length = 0")

    # In it, and again.
    assert await login(alice, room)
    assert await login(bob, room)
    again = [room, alice.cloud.mint(alice.user_id), alice.user_id]
    assert await alice.call("([r, t, u]) => failure(zg.loginRoom(r, t, { userID: u }))", again) == 1002001
    assert await alice.call("zg.setRoomScenario(4)") is False

    # Publishing twice leaves the first as it is.
    assert await alice.call(PUBLISH, stream) is True
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    assert await alice.call(PUBLISH, stream) is False
    assert (await said(alice, "publisherStateUpdate"))[-1] == [stream, "PUBLISHING", 1103056]
    await wait_said(bob, "roomStreamUpdate", "ADD", [stream])
    assert await bob.call(PUBLISH, stream) is True
    await wait_said(bob, "publisherStateUpdate", stream, "NO_PUBLISH", 1003028)
    foreign = "(id) => zg.startPublishingStream(id, document.querySelector('#plain').captureStream())"
    assert await bob.call(foreign, fresh("foreign")) is False
    assert (await said(bob, "publisherStateUpdate"))[-1][1:] == ["NO_PUBLISH", 1103044]

    options = "(id) => [{ extraInfo: 'x'.repeat(1025) }, { extraInfo: {} }, { roomID: 'elsewhere' }].map((option) => "
    assert await bob.call(options + "zg.startPublishingStream(id, media, option))", fresh("options")) == [False] * 3
    assert [code for _, _, code in (await said(bob, "publisherStateUpdate"))[-3:]] == [1003051, 1103001, 1000002]

    # Playing: unknown, known, twice, stopped by its publisher, and back.
    unknown = fresh("unknown")
    assert await bob.call("(id) => failure(zg.startPlayingStream(id))", unknown) == 1004002
    assert [event for event in await said(bob, "playerStateUpdate") if event[0] == unknown] == [
        [unknown, "PLAY_REQUESTING", 0],
        [unknown, "NO_PLAY", 1004002],
    ]
    two = "async (id) => { const first = zg.startPlayingStream(id); const second = await failure("
    two += "zg.startPlayingStream(id)); window.remote = await first; return second; }"
    assert await bob.call(two, stream) == 1104032
    await bob.call("document.querySelector('#plain').srcObject = remote")
    await bob.wait_for("playing('#plain')")
    await alice.call("(id) => zg.stopPublishingStream(id)", stream)
    await wait_said(bob, "playerStateUpdate", stream, "PLAY_REQUESTING", 1004020)
    await bob.call("said.length = 0")
    assert await alice.call(PUBLISH, stream) is True
    await wait_said(bob, "playerStateUpdate", stream, "PLAYING", 0)
    # Its events are those of a retry, and the same MediaStream moves again.
    assert await said(bob, "playerStateUpdate") == [[stream, "PLAYING", 0]]
    moved = "document.querySelector('#plain').currentTime"
    before = await bob.call(moved)
    await bob.wait_for(f"(before) => {moved} > before + 0.2", before)

    # Messages: two a second from one user.
    codes = await bob.call(MESSAGES, room)
    assert codes[:4] == [1009001, 1009002, 1009005, 1002005]
    assert sorted(codes[4:]) == [0, 0, 1009015]

    # Leaving stops everything, own events first, the room's last.
    await bob.call("(room) => { said.length = 0; zg.logoutRoom(room); }", room)
    assert await said(bob) == [
        ["playerStateUpdate", stream, "NO_PLAY", 0],
        ["roomStateUpdate", "DISCONNECTED", 0],
        ["roomStateChanged", "LOGOUT", 0],
    ]
    # Without `userUpdate` nobody is told of users.
    assert await said(alice, "roomUserUpdate") == []
    assert problems == []


async def test_a_failed_log_in_takes_what_waited_for_it_along(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    await engine(alice)
    await alice.call(CAMERA)
    stream = fresh("stream")
    bad = alice.cloud.mint(alice.user_id, secret="0" * 32)
    both = """async ([room, token, userID, id]) => {
        const login = failure(zg.loginRoom(room, token, { userID }));
        const ok = zg.startPublishingStream(id, media);
        const play = failure(zg.startPlayingStream('something'));
        return [ok, await login, await play];
    }"""
    assert await alice.call(both, [fresh("room"), bad, alice.user_id, stream]) == [True, 1102020, 1102020]
    assert (await said(alice, "publisherStateUpdate"))[-1] == [stream, "NO_PUBLISH", 1102020]
    assert (await said(alice, "playerStateUpdate"))[-1] == ["something", "NO_PLAY", 1102020]
    assert (await said(alice))[-2:] == [
        ["roomStateUpdate", "DISCONNECTED", 1102020],
        ["roomStateChanged", "LOGIN_FAILED", 1102020],
    ]
    # The engine is free for another attempt.
    assert await login(alice, fresh("room"))
    assert problems == []


async def test_a_page_that_logs_in_out_and_in_again_leaves_no_ghost(arrive: Arrive) -> None:
    """As frameworks do that mount every component twice."""
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room = fresh("room")
    await engine(alice)
    await engine(bob)
    assert await login(bob, room, userUpdate=True)
    twice = """async ([room, token, userID]) => {
        const opened = sockets.length;
        const first = failure(zg.loginRoom(room, token, { userID }));
        // Left once its log-in is on the wire.
        await new Promise((resolve) => sockets[opened].addEventListener('open', resolve));
        zg.logoutRoom(room);
        const code = await first;
        const second = await failure(zg.loginRoom(room, token, { userID }));
        return [code, second];
    }"""
    arguments = [room, alice.cloud.mint(alice.user_id), alice.user_id]
    assert await alice.call(twice, arguments) == [1102015, 0]
    changed = [event[0] for event in await said(alice, "roomStateChanged")]
    assert changed == ["LOGINING", "LOGOUT", "LOGINING", "LOGINED"]
    await wait_said(bob, "roomUserUpdate", "ADD", [alice.user_id])

    # And left for good in the middle of a log-in: gone at once, not when a lease runs out.
    await alice.call("(room) => zg.logoutRoom(room)", room)
    await wait_said(bob, "roomUserUpdate", "DELETE", [alice.user_id])
    await alice.wait_for("sockets.every((socket) => socket.readyState === WebSocket.CLOSED)")
    await bob.call("said.length = 0")
    half = """async ([room, token, userID]) => {
        const opened = sockets.length;
        const done = failure(zg.loginRoom(room, token, { userID }));
        await new Promise((resolve) => sockets[opened].addEventListener('open', resolve));
        zg.logoutRoom(room);
        return done;
    }"""
    assert await alice.call(half, arguments) == 1102015
    await alice.wait_for("sockets.every((socket) => socket.readyState === WebSocket.CLOSED)")
    carol = await arrive(fresh("carol"))
    problems += await prepare(carol)
    await engine(carol)
    assert await login(carol, room, userUpdate=True)
    await asyncio.gather(wait_said(bob, "roomUserUpdate", "ADD", [carol.user_id]))
    await carol.wait_for("said.some((event) => event[0] === 'roomUserUpdate')")
    assert await said(carol, "roomUserUpdate") == [["ADD", [bob.user_id]]]
    assert problems == []
