import { Code } from "../codes.js";
import { ZegoError } from "../errors.js";
import { mediaDevices } from "./media-devices.js";
import { narrowTo } from "./element-capture.js";
import type { CapturePlan } from "./plan.js";

interface CapturableElement extends HTMLMediaElement {
  captureStream?: () => MediaStream;
  mozCaptureStream?: () => MediaStream;
}

export interface Captured {
  tracks: MediaStreamTrack[];
  /** Tracks that are the app's own go on when the stream is destroyed. */
  owned: boolean;
}

/** Opens what the plan says, or rejects with the code that tells why not. */
export async function capture(plan: CapturePlan): Promise<Captured> {
  if (plan.source === "camera") return { tracks: await captureDevices(plan.constraints), owned: true };
  if (plan.source === "screen") {
    return { tracks: await captureScreen(plan.constraints, plan.captureElement), owned: true };
  }
  const tracks: MediaStreamTrack[] = [];
  let owned = true;
  const streams = new Map<HTMLMediaElement | MediaStream, MediaStream>();
  for (const [source, kind] of [
    [plan.video, "video"],
    [plan.audio, "audio"],
  ] as const) {
    if (source === null) continue;
    if (source instanceof MediaStream) owned = false;
    const stream = streams.get(source) ?? customStream(source);
    streams.set(source, stream);
    const track = (kind === "video" ? stream.getVideoTracks() : stream.getAudioTracks())[0];
    if (track !== undefined) tracks.push(track);
  }
  if (tracks.length === 0) throw new ZegoError(Code.TRACK_MISSING, "The custom source has no tracks.");
  return { tracks, owned };
}

function neededDevices(): MediaDevices {
  const devices = mediaDevices();
  if (devices === undefined) throw new ZegoError(Code.HTTPS_NEEDED, "Capture needs a page loaded over HTTPS.");
  return devices;
}

async function captureDevices(constraints: MediaStreamConstraints): Promise<MediaStreamTrack[]> {
  if (constraints.video === false && constraints.audio === false) return [];
  const devices = neededDevices();
  try {
    return (await devices.getUserMedia(constraints)).getTracks();
  } catch (thrown) {
    throw deviceError(thrown);
  }
}

export function deviceError(thrown: unknown): ZegoError {
  if (thrown instanceof ZegoError) return thrown;
  const { name = "Error", message = "" } = thrown as { name?: string; message?: string };
  const code =
    {
      NotAllowedError: Code.CAPTURE_DENIED,
      SecurityError: Code.CAPTURE_DENIED,
      NotReadableError: Code.DEVICE_BUSY,
      TrackStartError: Code.DEVICE_BUSY,
      OverconstrainedError: Code.CONSTRAINTS_WRONG,
      TypeError: Code.CONSTRAINTS_WRONG,
    }[name] ?? Code.CAPTURE_FAILED;
  return new ZegoError(code, `${name}: ${message}`, { name });
}

async function captureScreen(
  constraints: DisplayMediaStreamOptions,
  element: HTMLElement | null,
): Promise<MediaStreamTrack[]> {
  const devices = neededDevices();
  if (typeof devices.getDisplayMedia !== "function") {
    throw new ZegoError(Code.SCREEN_UNSUPPORTED, "This browser cannot share its screen.");
  }
  let stream: MediaStream;
  try {
    const here = element === null ? {} : { preferCurrentTab: true };
    stream = await devices.getDisplayMedia({ ...constraints, ...here });
  } catch (thrown) {
    const { name = "Error", message = "" } = thrown as { name?: string; message?: string };
    const cancelled = name === "NotAllowedError" || name === "AbortError";
    throw new ZegoError(cancelled ? Code.SCREEN_CANCELLED : Code.SCREEN_FAILED, `${name}: ${message}`, { name });
  }
  if (element !== null) await narrowTo(stream, element);
  return stream.getTracks();
}

function customStream(source: HTMLMediaElement | MediaStream): MediaStream {
  if (source instanceof MediaStream) return source;
  const element = source as CapturableElement;
  const stream = element.captureStream?.() ?? element.mozCaptureStream?.();
  if (stream === undefined) throw new ZegoError(Code.CAPTURE_FAILED, "This element cannot be captured.");
  return stream;
}
