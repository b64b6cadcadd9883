import type { Beauty } from "../beauty/beauty.js";
import { BeautyRenderer } from "../beauty/renderer.js";

/** 30 frames a second, with room for a camera whose frames come a little early. */
const MIN_FRAME_MS = 1000 / 30 - 4;
/** A machine without a graphics processor has better things to do in a call. */
const MAX_COST_MS = 20;
const MEASURED_MS = 1000;
/** The first frames wait for shaders to be compiled. */
const WARM_UP_FRAMES = 2;
/** How the app styled its video is how it wants the picture to look. */
const COPIED = ["objectFit", "objectPosition", "transform", "transformOrigin", "borderRadius", "opacity"] as const;

let warned = false;

function warnOnce(reason: string): void {
  if (warned) return;
  warned = true;
  console.warn("[salon]", "beauty-preview-off", { reason });
}

/**
 * Lays the beautified picture over a video of one's own camera, so that people see of themselves what the others see.
 * The stream is not touched. Where it cannot be done, or takes too long, the plain video stays visible.
 */
export class BeautyOverlay {
  private canvas: HTMLCanvasElement | null = null;
  private renderer: BeautyRenderer | null = null;
  private frameHandle = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly resized: ResizeObserver;
  private readonly unwatch: () => void;
  /** There is something newer than what is on the canvas. */
  private dirty = false;
  private drawing = false;
  private drawnAtMs = 0;
  private frames = 0;
  private cost = { sinceMs: 0, totalMs: 0, count: 0 };
  private givenUp = false;
  private placedAt = "";

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly beauty: Beauty,
  ) {
    this.resized = new ResizeObserver(() => {
      this.place();
      this.renew();
    });
    this.unwatch = beauty.watch(() => this.apply());
    this.apply();
  }

  stop(): void {
    this.unwatch();
    this.hide();
  }

  /** The present picture at full size, for a snapshot; null while the plain video is shown. */
  current(): HTMLCanvasElement | null {
    const strengths = this.beauty.shown;
    const { videoWidth: width, videoHeight: height } = this.video;
    if (strengths === null || this.canvas === null || this.renderer === null || width === 0) return null;
    this.renderer.render(this.video, [width, height], strengths);
    return this.canvas;
  }

  private apply(): void {
    if (this.beauty.shown === null) {
      this.hide();
      // Turned on again, it gets another chance.
      this.givenUp = false;
    } else if (this.canvas === null && !this.givenUp) {
      this.show();
    } else {
      this.renew();
    }
  }

  private show(): void {
    const canvas = document.createElement("canvas");
    const renderer = BeautyRenderer.on(canvas);
    if (renderer === null) {
      this.giveUp("no WebGL2");
      return;
    }
    this.canvas = canvas;
    this.renderer = renderer;
    canvas.dataset["salonBeauty"] = "";
    canvas.setAttribute("aria-hidden", "true");
    canvas.addEventListener("webglcontextlost", this.onContextLost);
    this.placedAt = "";
    this.frames = 0;
    this.cost = { sinceMs: 0, totalMs: 0, count: 0 };
    this.resized.observe(this.video);
    this.awaitFrame();
    this.renew();
  }

  private hide(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.video.cancelVideoFrameCallback?.(this.frameHandle);
    this.resized.disconnect();
    this.canvas?.removeEventListener("webglcontextlost", this.onContextLost);
    this.canvas?.remove();
    this.renderer?.free();
    this.canvas = null;
    this.renderer = null;
    this.drawing = false;
  }

  private giveUp(reason: string): void {
    this.givenUp = true;
    warnOnce(reason);
    this.hide();
  }

  private readonly onContextLost = (): void => this.giveUp("context lost");

  private awaitFrame(): void {
    // Without this callback (older Firefox) the picture is looked at as often as the page is drawn.
    const ask = this.video.requestVideoFrameCallback?.bind(this.video) ?? requestAnimationFrame;
    const { canvas } = this;
    this.frameHandle = ask(() => {
      if (canvas === null || this.canvas !== canvas) return;
      this.awaitFrame();
      this.renew();
    });
  }

  private renew(): void {
    this.dirty = true;
    this.draw();
  }

  private draw(): void {
    const strengths = this.beauty.shown;
    const { canvas, renderer, video } = this;
    if (!this.dirty || this.drawing || canvas === null || renderer === null || strengths === null) return;
    if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const startMs = performance.now();
    const earlyMs = this.drawnAtMs + MIN_FRAME_MS - startMs;
    if (earlyMs > 0) {
      // Its turn comes: the last frame before a pause must not be lost.
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.draw();
      }, earlyMs);
      return;
    }
    this.dirty = false;
    this.drawing = true;
    this.drawnAtMs = startMs;
    renderer.render(video, this.workSize(), strengths);
    if (canvas.previousSibling !== video) video.after(canvas);
    if (`${video.offsetLeft} ${video.offsetTop}` !== this.placedAt) this.place();
    canvas.style.visibility = video.style.visibility;
    void renderer.finished().then(() => {
      if (this.renderer !== renderer) return;
      this.drawing = false;
      this.weigh(performance.now() - startMs);
      this.draw();
    });
  }

  /** As large as the video, but no larger than it is shown. */
  private workSize(): [number, number] {
    const { videoWidth, videoHeight, clientWidth, clientHeight } = this.video;
    const x = (clientWidth * devicePixelRatio) / videoWidth;
    const y = (clientHeight * devicePixelRatio) / videoHeight;
    const contained = getComputedStyle(this.video).objectFit === "contain";
    const scale = Math.min(1, contained ? Math.min(x, y) : Math.max(x, y));
    return [Math.max(2, Math.round(videoWidth * scale)), Math.max(2, Math.round(videoHeight * scale))];
  }

  private place(): void {
    const { canvas, video } = this;
    if (canvas === null || !canvas.isConnected) return;
    const style = getComputedStyle(video);
    for (const property of COPIED) canvas.style[property] = style[property];
    // Relative to what the video itself is placed in: nothing of the app's layout changes.
    Object.assign(canvas.style, {
      position: "absolute",
      left: `${video.offsetLeft}px`,
      top: `${video.offsetTop}px`,
      width: `${video.offsetWidth}px`,
      height: `${video.offsetHeight}px`,
      margin: "0",
      pointerEvents: "none",
    });
    this.placedAt = `${video.offsetLeft} ${video.offsetTop}`;
  }

  private weigh(frameMs: number): void {
    this.frames += 1;
    if (this.frames <= WARM_UP_FRAMES) return;
    const now = performance.now();
    const { cost } = this;
    if (cost.count === 0) cost.sinceMs = now;
    cost.totalMs += frameMs;
    cost.count += 1;
    if (now - cost.sinceMs < MEASURED_MS) return;
    const meanMs = cost.totalMs / cost.count;
    this.cost = { sinceMs: now, totalMs: 0, count: 0 };
    if (meanMs > MAX_COST_MS) this.giveUp(`${Math.round(meanMs)} ms a frame`);
  }
}
