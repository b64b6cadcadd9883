"""A Chromium that something was taken away from, as older browsers are, publishes and is seen and heard."""

import pytest

from tests.system.conftest import Arrive
from tests.system.rooms import fresh

REMOVALS = {
    "no setCodecPreferences": "() => { delete RTCRtpTransceiver.prototype.setCodecPreferences; }",
    "no encodings": """() => {
        const get = RTCRtpSender.prototype.getParameters;
        RTCRtpSender.prototype.getParameters = function () {
            const { encodings, ...others } = get.call(this);
            return others;
        };
        const add = RTCPeerConnection.prototype.addTransceiver;
        RTCPeerConnection.prototype.addTransceiver = function (kind, init = {}) {
            if ('sendEncodings' in init) throw new TypeError('no encodings');
            return add.call(this, kind, init);
        };
    }""",
    "no RTCRtpScriptTransform": "() => { delete window.RTCRtpScriptTransform; }",
    "no capabilities": "() => { delete RTCRtpSender.getCapabilities; delete RTCRtpReceiver.getCapabilities; }",
}


@pytest.mark.parametrize("removal", REMOVALS)
async def test_publishes_without(arrive: Arrive, removal: str) -> None:
    room, stream = fresh("room"), fresh("stream")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    await alice.call(REMOVALS[removal])
    for person in (alice, bob):
        assert await person.login(room) == {"ok": True}
    assert await alice.publish(stream)
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    await bob.play(stream)
    await bob.sees(stream)
    await bob.hears(stream)
