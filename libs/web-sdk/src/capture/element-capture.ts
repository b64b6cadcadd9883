import { Code } from "../codes.js";
import { ZegoError, toZegoError } from "../errors.js";

interface CaptureTarget {
  fromElement?: (element: HTMLElement) => Promise<unknown>;
}

interface NarrowableTrack extends MediaStreamTrack {
  restrictTo?: (target: unknown) => Promise<void>;
  cropTo?: (target: unknown) => Promise<void>;
}

/** A tab is captured several times a second; a page that stands still is asked for a frame at once. */
const FIRST_FRAME_MS = 5_000;

/** Narrows the capture of this tab to one element, or stops it and says why not: never more than was asked for is shared. */
export async function narrowTo(stream: MediaStream, element: HTMLElement): Promise<void> {
  const track = stream.getVideoTracks()[0] as NarrowableTrack | undefined;
  try {
    if (track === undefined) throw new ZegoError(Code.SCREEN_FAILED, "The tab gives no picture.");
    if (!(await restricted(track, element))) await crop(track, element);
  } catch (thrown) {
    stream.getTracks().forEach((each) => each.stop());
    throw toZegoError(thrown, Code.SCREEN_FAILED);
  }
}

/**
 * Element capture leaves out what lies over the element, and gives no frame at all unless the element is isolated from
 * the page around it.
 */
async function restricted(track: NarrowableTrack, element: HTMLElement): Promise<boolean> {
  const target = (globalThis as { RestrictionTarget?: CaptureTarget }).RestrictionTarget;
  if (!track.restrictTo || !target?.fromElement || !isIsolated(element)) return false;
  await track.restrictTo(await target.fromElement(element));
  if (await givesPicture(track)) return true;
  // Browsers have more conditions than can be seen from here.
  await track.restrictTo(null);
  return false;
}

/** Region capture: the part of the tab where the element is. */
async function crop(track: NarrowableTrack, element: HTMLElement): Promise<void> {
  const target = (globalThis as { CropTarget?: CaptureTarget }).CropTarget;
  if (!track.cropTo || !target?.fromElement) {
    throw new ZegoError(Code.SCREEN_UNSUPPORTED, "This browser cannot share a single element of this tab.");
  }
  await track.cropTo(await target.fromElement(element));
  if (await givesPicture(track)) return;
  throw new ZegoError(Code.SCREEN_FAILED, "The element gives no picture: it is empty, hidden or out of view.");
}

function isIsolated(element: HTMLElement): boolean {
  const { isolation, transformStyle } = getComputedStyle(element);
  return isolation === "isolate" && transformStyle === "flat";
}

function givesPicture(track: MediaStreamTrack): Promise<boolean> {
  const video = document.createElement("video");
  video.muted = true;
  return new Promise((resolve) => {
    const done = (seen: boolean): void => {
      clearTimeout(timer);
      video.onloadeddata = null;
      video.srcObject = null;
      resolve(seen);
    };
    const timer = setTimeout(() => done(false), FIRST_FRAME_MS);
    video.onloadeddata = () => done(true);
    video.srcObject = new MediaStream([track]);
    // Not shown and silent, it may play; if it must not, its first frame is loaded all the same.
    video.play().catch(() => undefined);
  });
}
