/** Often enough that who joins later soon gets a first frame, seldom enough to cost nothing. */
const FRAME_MS = 500;
const DEFAULT_SIZE = { width: 640, height: 480 };

/** A black picture in place of a camera that gives none: the others would look at its last frame for ever. */
export class BlackPicture {
  /** Null where canvases cannot be captured. */
  readonly track: MediaStreamTrack | null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** As large as the picture was, for layouts to stay as they are. */
  constructor({ width, height }: MediaTrackSettings) {
    const canvas = (globalThis as { document?: Document }).document?.createElement("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context || typeof canvas.captureStream !== "function") {
      this.track = null;
      return;
    }
    canvas.width = width || DEFAULT_SIZE.width;
    canvas.height = height || DEFAULT_SIZE.height;
    this.track = canvas.captureStream().getVideoTracks()[0] ?? null;
    const draw = (): void => {
      context.fillRect(0, 0, canvas.width, canvas.height);
      this.timer = setTimeout(draw, FRAME_MS);
    };
    draw();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.track?.stop();
  }
}
