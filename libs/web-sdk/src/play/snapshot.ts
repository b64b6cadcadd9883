import type { ZegoSnapshotOptions } from "../entities.js";

/** The present picture as a data address; "" if there is none. */
export function snapshot(video: HTMLVideoElement | null, options: ZegoSnapshotOptions = {}): string {
  if (video === null || video.videoWidth === 0) return "";
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  const type = options.imageType === "jpg" || options.imageType === "jpeg" ? "jpeg" : "png";
  const address = canvas.toDataURL(`image/${type}`, options.quality);
  if (options.save === true) {
    const link = document.createElement("a");
    link.href = address;
    link.download = options.fileName ?? `snapshot.${type === "jpeg" ? "jpg" : "png"}`;
    link.click();
  }
  return address;
}
