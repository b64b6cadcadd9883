import { Code } from "../codes.js";

/** What a device's track is good for: nothing more will come, the system holds it back, or it gives. */
export type TrackCondition = "ended" | "held" | "live";

/** A camera that pauses for a moment, as on a busy machine or while a phone turns, is no news. */
const HELD_GRACE_MS = 2_000;

/** The numbers that apps know for it. */
const CODES: Readonly<Record<"ended" | "held", Readonly<Record<string, number>>>> = {
  ended: { audio: Code.MICROPHONE_ENDED, video: Code.CAMERA_ENDED },
  held: { audio: Code.MICROPHONE_HELD, video: Code.CAMERA_HELD },
};

export function troubleCode(condition: "ended" | "held", kind: string): number {
  return CODES[condition][kind] ?? Code.CAPTURE_FAILED;
}

/** Tells of every change that lasts; a track begins as live. What is stopped by the page itself fires nothing. */
export function watchTrack(track: MediaStreamTrack, changed: (condition: TrackCondition) => void): void {
  let condition: TrackCondition = "live";
  let grace: ReturnType<typeof setTimeout> | null = null;
  const become = (next: TrackCondition): void => {
    if (grace !== null) clearTimeout(grace);
    grace = null;
    if (condition === next || condition === "ended") return;
    condition = next;
    changed(next);
  };
  track.addEventListener("ended", () => become("ended"));
  track.addEventListener("mute", () => {
    grace ??= setTimeout(() => track.muted && become("held"), HELD_GRACE_MS);
  });
  track.addEventListener("unmute", () => become("live"));
}
