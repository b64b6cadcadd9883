"""What the tests that act as an app author share: the page of an app, and what must never happen on it."""

from typing import Any

from playwright.async_api import ConsoleMessage

from tests.system.browser import Person

# The elements the published samples name, and a record of everything an engine says and opens.
PREPARE = """() => {
    document.body.innerHTML = ['local-video', 'remote-video', 'screen-video', 'play-view']
        .map((id) => `<div id="${id}" style="width:160px;height:120px"></div>`).join('') +
        '<video id="plain" autoplay muted playsinline></video>';
    window.sockets = [];
    const NativeSocket = window.WebSocket;
    window.WebSocket = class extends NativeSocket {
        constructor(...args) { super(...args); sockets.push(this); }
    };
    window.captured = [];
    for (const name of ['getUserMedia', 'getDisplayMedia']) {
        const native = navigator.mediaDevices[name].bind(navigator.mediaDevices);
        navigator.mediaDevices[name] = async (...args) => {
            const stream = await native(...args);
            captured.push(...stream.getTracks());
            return stream;
        };
    }
    window.said = [];
    window.record = (zg) => {
        const short = {
            roomStateUpdate: (room, state, code) => [state, code],
            roomStateChanged: (room, reason, code) => [reason, code],
            roomUserUpdate: (room, type, users) => [type, users.map((user) => user.userID)],
            roomStreamUpdate: (room, type, list) => [type, list.map((item) => item.streamID)],
            publisherStateUpdate: ({ streamID, state, errorCode }) => [streamID, state, errorCode],
            playerStateUpdate: ({ streamID, state, errorCode }) => [streamID, state, errorCode],
            screenSharingEnded: (stream) => [stream instanceof MediaStream],
            IMRecvBroadcastMessage: (room, list) => list.map((each) => each.message),
            IMRecvBarrageMessage: (room, list) => list.map((each) => each.message),
            IMRecvCustomCommand: (room, user, command) => [user.userID, command],
        };
        for (const [name, shorten] of Object.entries(short))
            zg.on(name, (...args) => said.push([name, ...shorten(...args)]));
        return zg;
    };
    window.failure = (promise) => Promise.resolve(promise).then(() => 0, (error) => error.errorCode ?? String(error));
    window.playing = (selector) => {
        const video = document.querySelector(selector);
        return video && video.videoWidth > 0 && !video.paused && video.currentTime > 0;
    };
}"""


async def prepare(person: Person) -> list[str]:
    """Makes it the page of an app; the list fills with whatever goes wrong on it."""
    problems: list[str] = []
    person.page.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))

    def on_console(message: ConsoleMessage) -> None:
        # The browser itself reports a server that is down on purpose, and asks every server for an icon.
        expected = "WebSocket connection to" in message.text or message.location["url"].endswith("/favicon.ico")
        if message.type == "error" and not expected:
            problems.append(f"console: {message.text}")

    person.page.on("console", on_console)
    await person.call(PREPARE)
    return problems


async def engine(person: Person, server: Any = "") -> None:
    """`window.zg`, recorded in `window.said`."""
    await person.call(
        "([app, server]) => { window.zg = record(new ZegoExpressEngine(app, server)); }", [person.cloud.app_id, server]
    )


async def login(person: Person, room: str, **config: Any) -> bool:
    arguments = [room, person.cloud.mint(person.user_id), person.user_id, config]
    logged_in = await person.call("([r, t, u, c]) => zg.loginRoom(r, t, { userID: u, userName: u }, c)", arguments)
    return bool(logged_in)


async def said(person: Person, *names: str) -> list[list[Any]]:
    """Events so far, shortened, each with its name unless only one name was asked for."""
    found: list[list[Any]] = await person.call("said")
    chosen = [event for event in found if not names or event[0] in names]
    return [event[1:] for event in chosen] if len(names) == 1 else chosen


async def wait_said(person: Person, *event: Any) -> None:
    """Until an event begins like that."""
    condition = (
        "(wanted) => said.some((event) => wanted.every((each, i) => JSON.stringify(each) === JSON.stringify(event[i])))"
    )
    try:
        await person.wait_for(condition, list(event))
    except AssertionError:
        raise AssertionError(f"{list(event)} was not said, but {(await said(person))[-15:]}") from None
