import type { Beauty } from "../beauty/beauty.js";
/**
 * Lays the beautified picture over a video of one's own camera, so that people see of themselves what the others see.
 * The stream is not touched. Where it cannot be done, or takes too long, the plain video stays visible.
 */
export declare class BeautyOverlay {
    private readonly video;
    private readonly beauty;
    private canvas;
    private renderer;
    private frameHandle;
    private timer;
    private readonly resized;
    private readonly unwatch;
    /** There is something newer than what is on the canvas. */
    private dirty;
    private drawing;
    private drawnAtMs;
    private frames;
    private cost;
    private givenUp;
    private placedAt;
    constructor(video: HTMLVideoElement, beauty: Beauty);
    stop(): void;
    /** The present picture at full size, for a snapshot; null while the plain video is shown. */
    current(): HTMLCanvasElement | null;
    private apply;
    private show;
    private hide;
    private giveUp;
    private readonly onContextLost;
    private awaitFrame;
    private renew;
    private draw;
    /** As large as the video, but no larger than it is shown. */
    private workSize;
    private place;
    private weigh;
}
