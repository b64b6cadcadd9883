import { Code } from "../codes.js";
import { ZegoError } from "../errors.js";
import { mediaDevices } from "./media-devices.js";
import { deviceError } from "./capture.js";

/** Which camera or microphone is wanted instead. */
export type DeviceChoice = { deviceId: ConstrainDOMString } | { facingMode: ConstrainDOMString };

/** Opens another device with the constraints that the one before was opened with; rejects with the code that tells why not. */
export async function openInstead(
  kind: "audio" | "video",
  constraints: MediaTrackConstraints,
  choice: DeviceChoice,
): Promise<MediaStreamTrack> {
  const devices = mediaDevices();
  if (devices === undefined) throw new ZegoError(Code.HTTPS_NEEDED, "Capture needs a page loaded over HTTPS.");
  const { deviceId: _deviceId, facingMode: _facingMode, ...others } = constraints;
  let opened: MediaStream;
  try {
    opened = await devices.getUserMedia({ [kind]: { ...others, ...choice } });
  } catch (thrown) {
    throw deviceError(thrown);
  }
  const track = opened.getTracks().find((each) => each.kind === kind);
  if (track === undefined) throw new ZegoError(Code.CAPTURE_FAILED, "The device gives no track.");
  return track;
}
