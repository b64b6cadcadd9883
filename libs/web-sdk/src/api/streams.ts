import { capture } from "../capture/capture.js";
import type { DeviceWatch } from "../capture/device-watch.js";
import { ZegoLocalStream } from "../capture/local-stream.js";
import type { LocalStreams } from "../capture/local-streams.js";
import { planCapture } from "../capture/plan.js";
import { Code } from "../codes.js";
import type { ZegoLocalStreamConfig, ZegoServerResponse, ZegoStreamOptions } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import type { Logger } from "../logger.js";
import type { ZegoStreamView } from "../play/stream-view.js";
import type { Views } from "../play/views.js";
import type { Settings } from "../settings.js";

/** Streams of this page, from the device to the view. */
export class StreamsApi {
  /** Counts how often the engine was destroyed: what was begun before must not come to life after. */
  private life = 0;

  constructor(
    private readonly locals: LocalStreams,
    private readonly views: Views,
    private readonly deviceWatch: DeviceWatch,
    private readonly settings: Settings,
    private readonly logger: Logger,
  ) {}

  async create(options?: ZegoStreamOptions): Promise<ZegoLocalStream> {
    const plan = planCapture(options, this.settings.scenario);
    const life = this.life;
    const captured = options?.autoCapture === false ? { tracks: [], owned: true } : await capture(plan);
    const constraints = plan.source === "camera" ? plan.constraints : {};
    const stream = new ZegoLocalStream(plan.source, plan.encoding, captured.tracks, captured.owned, constraints);
    if (life !== this.life) {
      // Nobody is left to switch the camera off.
      stream.destroy();
      throw new ZegoError(Code.CAPTURE_FAILED, "The engine was destroyed before the device was open.");
    }
    this.locals.add(stream);
    // Now that the devices may be used, they have names.
    if (plan.source === "camera") this.deviceWatch.refresh(false);
    if (options?.view !== undefined && options.autoPlay !== false) stream.playVideo(options.view);
    if (options?.captureView !== undefined) stream.playCaptureVideo(options.captureView);
    return stream;
  }

  /** The form of version 2 of the interface. */
  async createMedia(source: ZegoLocalStreamConfig): Promise<MediaStream> {
    const { camera, screen, custom } = source ?? {};
    const wantsScreen = screen !== undefined && screen !== false;
    const stream = await this.create({
      camera: wantsScreen || custom !== undefined ? undefined : camera,
      screen: wantsScreen ? (screen === true ? {} : screen) : undefined,
      custom,
    });
    if (stream.stream === null) throw new ZegoError(Code.CAPTURE_FAILED, "The stream ended at once.");
    return stream.stream;
  }

  destroy(stream: MediaStream | ZegoLocalStream): void {
    const local = this.locals.find(stream);
    if (local === null) this.logger.warn("stream-unknown", { err_code: Code.NOT_CREATED_HERE });
    else this.locals.destroy(local);
  }

  destroyAll(): void {
    this.life += 1;
    this.locals.destroyAll();
    this.views.removeAll();
  }

  async replaceTrack(stream: MediaStream | ZegoLocalStream, track: MediaStreamTrack): Promise<ZegoServerResponse> {
    const kind = track?.kind;
    if ((kind !== "audio" && kind !== "video") || track.readyState === "ended") {
      throw new ZegoError(Code.PARAMETER, "This is no track, or it has ended.");
    }
    const { local, former } = this.locals.trackOf(stream, kind);
    this.locals.replace(local, former, track, local.isOwn(track));
    return { errorCode: Code.OK, extendedData: "" };
  }

  view(stream: MediaStream | ZegoLocalStream, local: boolean): ZegoStreamView {
    const media = stream instanceof ZegoLocalStream ? stream.stream : stream;
    if (!isMediaStream(media)) throw new ZegoError(Code.NOT_SDK_STREAM, "This is no stream.");
    return this.views.of(media, local, this.locals.find(media)?.beauty ?? null);
  }
}

function isMediaStream(value: unknown): value is MediaStream {
  return typeof MediaStream === "function" && value instanceof MediaStream;
}
