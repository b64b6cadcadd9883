import type { ZegoOptimizationMode, ZegoStreamOptions } from "../entities/index.js";
/** How the encoder is to be set up, whatever the source. */
export interface EncodingPlan {
    videoKbps: number;
    startKbps: number | null;
    audioKbps: number;
    channelCount: 1 | 2;
    optimizationMode: ZegoOptimizationMode;
}
/** What to capture, with every option of both interface versions worked in. */
export type CapturePlan = {
    source: "camera";
    constraints: MediaStreamConstraints;
    encoding: EncodingPlan;
} | {
    source: "screen";
    constraints: DisplayMediaStreamOptions;
    captureElement: HTMLElement | null;
    encoding: EncodingPlan;
} | {
    source: "custom";
    video: HTMLMediaElement | MediaStream | null;
    audio: HTMLMediaElement | MediaStream | null;
    encoding: EncodingPlan;
};
export declare function planCapture(options: ZegoStreamOptions | null | undefined, scenario: number): CapturePlan;
