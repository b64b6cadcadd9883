import type { ZegoCapabilityDetection, ZegoCapabilityError, ZegoCapabilityType } from "./entities/index.js";
import { canSend } from "./media/codecs.js";
import { mediaDevices } from "./capture/media-devices.js";

type Probe = "webRTC" | "customCapture" | "camera" | "microphone" | "screenSharing";

const CODECS = ["H264", "H265", "VP8", "VP9"] as const;

function missing(message: string): ZegoCapabilityError {
  return { name: "NotSupportedError", message };
}

/** Opens the device for a moment, which may ask the person. */
async function probeDevice(constraints: MediaStreamConstraints): Promise<ZegoCapabilityError | null> {
  const devices = mediaDevices();
  if (devices === undefined) return missing("Devices can be used on HTTPS pages only.");
  try {
    (await devices.getUserMedia(constraints)).getTracks().forEach((track) => track.stop());
    return null;
  } catch (thrown) {
    const { name = "Error", message = "" } = thrown as { name?: string; message?: string };
    return { name, message };
  }
}

const PROBES: Readonly<Record<Probe, () => Promise<ZegoCapabilityError | null>>> = {
  webRTC: async () => (typeof RTCPeerConnection === "function" ? null : missing("There is no RTCPeerConnection.")),
  customCapture: async () => {
    // Without a browser there are no elements either.
    const { HTMLMediaElement: media, HTMLCanvasElement: canvas } = globalThis as Partial<typeof globalThis>;
    const capturable = [media, canvas].some((each) => each !== undefined && "captureStream" in each.prototype);
    return capturable ? null : missing("Elements cannot be captured.");
  },
  camera: () => probeDevice({ video: true }),
  microphone: () => probeDevice({ audio: true }),
  screenSharing: async () =>
    typeof mediaDevices()?.getDisplayMedia === "function" ? null : missing("The screen cannot be captured."),
};

/** One prompt for both devices; apart only if that failed, to tell which one is missing. */
async function probeBoth(): Promise<{ camera: ZegoCapabilityError | null; microphone: ZegoCapabilityError | null }> {
  if ((await probeDevice({ video: true, audio: true })) === null) return { camera: null, microphone: null };
  return { camera: await PROBES.camera(), microphone: await PROBES.microphone() };
}

/** Asked for one thing: whether it is there, and only that. */
async function checkOne(type: ZegoCapabilityType): Promise<ZegoCapabilityDetection> {
  const hasWebRTC = (await PROBES.webRTC()) === null;
  let result: boolean;
  const errInfo: ZegoCapabilityDetection["errInfo"] = {};
  if (type in PROBES) {
    const probe = type as Probe;
    const failure = await PROBES[probe]();
    result = failure === null;
    if (failure !== null) errInfo[probe] = failure;
  } else {
    const codec = CODECS.find((each) => each === type);
    result = hasWebRTC && codec !== undefined && canSend(codec);
  }
  // The shape for this question has these two; the type is shared with the other question.
  return { result, errInfo } as ZegoCapabilityDetection;
}

export async function checkSystem(type?: ZegoCapabilityType): Promise<ZegoCapabilityDetection> {
  // Older pages pass an empty string for "everything".
  if (type) return checkOne(type);
  const result: ZegoCapabilityDetection = {
    webRTC: false,
    customCapture: false,
    camera: false,
    microphone: false,
    screenSharing: false,
    videoCodec: { H264: false, H265: false, VP8: false, VP9: false },
    errInfo: {},
  };
  const note = (probe: Probe, failure: ZegoCapabilityError | null): void => {
    result[probe] = failure === null;
    if (failure !== null) result.errInfo[probe] = failure;
  };
  const hasWebRTC = (await PROBES.webRTC()) === null;
  for (const codec of CODECS) result.videoCodec[codec] = hasWebRTC && canSend(codec);
  for (const probe of ["webRTC", "customCapture", "screenSharing"] as const) note(probe, await PROBES[probe]());
  const devices = await probeBoth();
  note("camera", devices.camera);
  note("microphone", devices.microphone);
  // Phones cannot share screens; that is no fault to report unless it was asked for.
  delete result.errInfo.screenSharing;
  return result;
}
