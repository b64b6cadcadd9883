import type { ZegoSnapshotOptions } from "../entities/index.js";

/** The present picture as a data address; "" if there is none. */
export function snapshot(
  picture: HTMLVideoElement | HTMLCanvasElement | null,
  options: ZegoSnapshotOptions = {},
): string {
  const width = picture instanceof HTMLVideoElement ? picture.videoWidth : (picture?.width ?? 0);
  const height = picture instanceof HTMLVideoElement ? picture.videoHeight : (picture?.height ?? 0);
  if (picture === null || width === 0) return "";
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
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
