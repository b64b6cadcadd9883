"""What older browsers lack, taken away from a page of a newer one before anything else runs in it.

    SALON_TEST_WITHOUT=encodings pytest tests/system/test_app_*.py      every page of these tests

`python -m tests.system.older_browsers` prints the names.
"""

import os
from typing import Final

REMOVALS: Final = {
    "setCodecPreferences": "delete RTCRtpTransceiver.prototype.setCodecPreferences;",
    "encodings": """
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
    """,
    "RTCRtpScriptTransform": "delete window.RTCRtpScriptTransform;",
    "capabilities": "delete RTCRtpSender.getCapabilities; delete RTCRtpReceiver.getCapabilities;",
    # As before the first click on a page: it is there, and nothing sounds.
    "running-AudioContext": """
        const Native = window.AudioContext;
        window.AudioContext = class extends Native {
            constructor(...args) {
                super(...args);
                super.suspend();
            }
            get state() {
                return 'suspended';
            }
            resume() {
                return new Promise(() => {});
            }
        };
    """,
}
"""By what is missing then."""

WITHOUT: Final = os.environ.get("SALON_TEST_WITHOUT", "")
if WITHOUT and WITHOUT not in REMOVALS:
    raise ValueError(f"SALON_TEST_WITHOUT: one of {', '.join(REMOVALS)}")


def removal(name: str) -> str:
    """The script that takes it away."""
    return f"(() => {{ {REMOVALS[name]} }})();"


if __name__ == "__main__":
    print(*REMOVALS)
