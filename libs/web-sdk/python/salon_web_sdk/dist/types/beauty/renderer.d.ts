import type { Strengths } from "./effects.js";
export type Size = readonly [width: number, height: number];
/** Draws beautified pictures on a canvas with WebGL2: the same formulas and constants as the cloud's own kernel. */
export declare class BeautyRenderer {
    private readonly canvas;
    private readonly gl;
    private readonly picture;
    private readonly passes;
    private targets;
    /** Null where the browser has no WebGL2, or one that fails. */
    static on(canvas: HTMLCanvasElement): BeautyRenderer | null;
    private constructor();
    /** Fills the canvas, which gets that size in pixels. */
    render(source: HTMLVideoElement | ImageBitmap | ImageData, size: Size, strengths: Strengths): void;
    /** Resolves when what was drawn is done. */
    finished(): Promise<void>;
    /** Browsers allow few of these at a time. */
    free(): void;
    private targetsFor;
}
