import { openInstead, type DeviceChoice } from "../capture/device-switch.js";
import { DeviceWatch } from "../capture/device-watch.js";
import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { LocalStreams } from "../capture/local-streams.js";
import { Code } from "../codes.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoServerResponse } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import { setSink } from "../play/media-player.js";

/** Cameras, microphones and loudspeakers. */
export class DevicesApi {
  readonly watch = new DeviceWatch((type, device) => this.deviceChanged(type, device));

  constructor(
    private readonly locals: LocalStreams,
    private readonly events: Emitter<ZegoEventHandlers>,
  ) {}

  /** The list of devices is looked at from the first handler on that wants to know. */
  handlerAdded(event: keyof ZegoEventHandlers): void {
    if (event === "videoDeviceStateChanged" || event === "audioDeviceStateChanged") this.watch.start();
  }

  /** Puts another device into a stream. On failure the former track stays. */
  async use(
    stream: MediaStream | ZegoLocalStream,
    kind: "audio" | "video",
    choice: DeviceChoice,
  ): Promise<ZegoServerResponse> {
    const { local } = this.locals.trackOf(stream, kind);
    if (local.source !== "camera") throw new ZegoError(Code.PARAMETER, "The stream is of no camera or microphone.");
    const constraints = local.constraints[kind];
    const track = await openInstead(kind, typeof constraints === "object" ? constraints : {}, choice);
    let former: MediaStreamTrack;
    try {
      ({ former } = this.locals.trackOf(stream, kind));
    } catch (gone) {
      // Destroyed meanwhile: nobody is left to switch the device off.
      track.stop();
      throw gone;
    }
    this.locals.replace(local, former, track, true);
    local.close(former);
    return { errorCode: Code.OK, extendedData: "" };
  }

  async useOutput(media: HTMLMediaElement, deviceID: string): Promise<boolean> {
    try {
      await setSink(media, deviceID);
      return true;
    } catch (thrown) {
      throw new ZegoError(Code.PARAMETER, (thrown as Error).message);
    }
  }

  muteMicrophone(mute: boolean): boolean {
    this.locals.muteMicrophone(mute === true);
    return true;
  }

  get microphoneMuted(): boolean {
    return this.locals.microphoneMuted;
  }

  private deviceChanged(type: "ADD" | "DELETE", { kind, deviceId, label }: MediaDeviceInfo): void {
    const device = { deviceName: label, deviceID: deviceId };
    if (kind === "videoinput") this.events.emit("videoDeviceStateChanged", type, device);
    else this.events.emit("audioDeviceStateChanged", type, kind === "audioinput" ? "Input" : "Output", device);
  }
}
