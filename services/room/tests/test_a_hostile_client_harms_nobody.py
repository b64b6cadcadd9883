import json
import random
import string
from collections import Counter

from websockets.exceptions import ConnectionClosed

from .client import Client, Json
from .conftest import Cloud
from .responders import OFFER, token

VALUES: list[object] = [
    None, True, -1, 0, 1, 2**31, 2**32, 2**64, 1.5, "", "x", "x" * 2000, "\u0000", "💥", [], [1], {}, {"a": {}},
    "SIGNAL_MESSAGE_KIND_BROADCAST", "cam", OFFER,
]  # fmt: skip


def frame(rng: random.Random, number: int) -> str | bytes:
    """A request with something wrong in it, or something that is not one."""
    offer: Json = {"peerConnectionId": "p", "sdp": OFFER, "tracks": [{"mid": "0", "streamId": "cam"}]}
    bodies: list[Json] = [
        {"hello": {"protocolVersions": [1]}},
        {"login": {"appId": 7, "roomId": "r", "userId": "mallory", "token": token("mallory")}},
        {"resume": {"appId": 7, "userId": "alice", "sessionId": "s", "resumeKey": "k", "lastSequence": "1"}},
        {"heartbeat": {}},
        {"publish": {"streamId": "cam", "extraInfo": "", "offer": offer}},
        {"unpublish": {"streamId": "cam", "offer": offer}},
        {"play": {"streamId": "cam", "offer": offer}},
        {"stopPlay": {"streamId": "cam"}},
        {"closePeerConnection": {"peerConnectionId": "p"}},
        {"sendMessage": {"kind": "SIGNAL_MESSAGE_KIND_COMMAND", "text": "t", "toUserIds": ["alice"]}},
    ]
    document: Json = {"requestId": number, **rng.choice(bodies)}
    for _ in range(rng.randint(0, 2)):
        _spoil(rng, document)
    text = json.dumps(document)
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(string.printable) + text[at + rng.randint(0, 2) :]
    return text.encode() if rng.random() < 0.02 else text


def _spoil(rng: random.Random, document: Json) -> None:
    key = rng.choice(list(document)) if document else "x"
    value = document.get(key)
    if isinstance(value, dict) and value and rng.random() < 0.8:
        _spoil(rng, value)
    elif rng.random() < 0.3:
        document.pop(key, None)
    else:
        document[key] = rng.choice(VALUES)


async def test_random_frames_break_nothing(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    rng = random.Random(77)
    client: Client | None = None
    sent: Counter[Client] = Counter()
    for number in range(1, 3001):
        if client is None or client.closed.is_set():
            client = await cloud.connect(room, hello=rng.random() < 0.8)
            sent[client] += 1  # its hello
        sent[client] += 1
        try:
            await client.send_text(frame(rng, number))
        except ConnectionClosed:
            await client.until_closed()
    for each in cloud.clients:
        if each is not alice:
            await each.close()
            assert each.close_code not in (4500, 1011), each.frames[-3:]
            assert len(each.replies) <= sent[each]
    assert "messageAccepted" in await alice.say("still here")
    assert room.troubles() == []
    log = room.log.read_text()
    assert OFFER.splitlines()[1] not in log


async def test_secrets_and_texts_are_not_logged(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.say("a secret text")
    await alice.publish("cam", sdp=OFFER + "a=ice-pwd:secretpassword\r\n")
    await alice.drop()
    await alice.open()
    await alice.resume()
    await alice.log_out()
    log = room.log.read_text()
    for secret in ("a secret text", "secretpassword", alice.logged_in["resumeKey"], '"user": "alice", "room"'):
        assert secret not in log
