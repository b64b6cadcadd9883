import type { Strengths } from "./effects.js";
import { GlPass, GlTarget, makeTexture } from "./gl-pass.js";
import * as shaders from "./shaders.js";

export type Size = readonly [width: number, height: number];

/** What depends on the size of the work. */
interface Targets {
  codes: GlTarget;
  /** Two, to draw from one into the other. */
  cells: readonly [GlTarget, GlTarget];
  gridSize: Size;
  cellSize: number;
}

const FENCE_POLL_MS = 2;

/** Draws beautified pictures on a canvas with WebGL2: the same formulas and constants as the cloud's own kernel. */
export class BeautyRenderer {
  private readonly picture: WebGLTexture;
  private readonly passes: Record<
    "convert" | "grid" | "momentsAcross" | "coefficients" | "coefficientsAcross" | "coefficientsDown" | "finish",
    GlPass
  >;
  private targets: Targets | null = null;

  /** Null where the browser has no WebGL2, or one that fails. */
  static on(canvas: HTMLCanvasElement): BeautyRenderer | null {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false });
    if (gl === null) return null;
    try {
      return new BeautyRenderer(canvas, gl);
    } catch {
      return null;
    }
  }

  private constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly gl: WebGL2RenderingContext,
  ) {
    const pass = (fragment: string): GlPass => new GlPass(gl, fragment);
    this.passes = {
      convert: pass(shaders.CONVERT),
      grid: pass(shaders.GRID),
      momentsAcross: pass(shaders.MOMENTS_ACROSS),
      coefficients: pass(shaders.COEFFICIENTS),
      coefficientsAcross: pass(shaders.COEFFICIENTS_ACROSS),
      coefficientsDown: pass(shaders.COEFFICIENTS_DOWN),
      finish: pass(shaders.FINISH),
    };
    this.picture = makeTexture(gl, gl.LINEAR);
  }

  /** Fills the canvas, which gets that size in pixels. */
  render(source: HTMLVideoElement | ImageBitmap | ImageData, size: Size, strengths: Strengths): void {
    const { gl, passes } = this;
    const { codes, cells, gridSize, cellSize } = this.targetsFor(size);
    const [front, back] = cells;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.picture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
    const sourceWidth = "videoWidth" in source ? source.videoWidth : source.width;
    const taps = Math.max(1, Math.round(sourceWidth / size[0]));
    passes.convert.draw(codes, size, { picture: this.picture }, { size, taps });
    if (strengths.smooth > 0) {
      passes.grid.draw(front, gridSize, { codes: codes.texture }, { cellSize });
      passes.momentsAcross.draw(back, gridSize, { cells: front.texture });
      passes.coefficients.draw(front, gridSize, { cells: back.texture });
      passes.coefficientsAcross.draw(back, gridSize, { cells: front.texture });
      passes.coefficientsDown.draw(front, gridSize, { cells: back.texture });
    }
    const { smooth, whiten, rosy, sharpen } = strengths;
    const values = { cellSize, strengths: [smooth, whiten, rosy, sharpen].map((each) => each / 100) };
    passes.finish.draw(null, size, { codes: codes.texture, cells: front.texture }, values);
  }

  /** Resolves when what was drawn is done. */
  async finished(): Promise<void> {
    const { gl } = this;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    if (fence === null) return;
    while (gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.UNSIGNALED && !gl.isContextLost()) {
      await new Promise((resolve) => setTimeout(resolve, FENCE_POLL_MS));
    }
    gl.deleteSync(fence);
  }

  /** Browsers allow few of these at a time. */
  free(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private targetsFor([width, height]: Size): Targets {
    const { canvas, gl } = this;
    if (this.targets !== null && canvas.width === width && canvas.height === height) return this.targets;
    this.targets?.codes.free(gl);
    this.targets?.cells.forEach((each) => each.free(gl));
    canvas.width = width;
    canvas.height = height;
    const cellSize = Math.max(1, Math.round(Math.min(width, height) / shaders.GRID_LINES));
    const gridSize = [Math.ceil(width / cellSize), Math.ceil(height / cellSize)] as const;
    const cell = (): GlTarget => new GlTarget(gl, "floats", ...gridSize);
    this.targets = { codes: new GlTarget(gl, "bytes", width, height), cells: [cell(), cell()], gridSize, cellSize };
    return this.targets;
  }
}
