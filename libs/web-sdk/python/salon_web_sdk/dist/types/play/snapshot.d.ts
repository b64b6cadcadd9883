import type { ZegoSnapshotOptions } from "../entities/index.js";
/** The present picture as a data address; "" if there is none. */
export declare function snapshot(picture: HTMLVideoElement | HTMLCanvasElement | null, options?: ZegoSnapshotOptions): string;
