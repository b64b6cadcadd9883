import type { BeautyOutlet } from "../beauty/beauty.js";
import { Code } from "../codes.js";
import { RequestFailed, ZegoError } from "../errors.js";
import type { ZegoPublishOption, ZegoPublisherState } from "../entities/index.js";
import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { EffectsSet, Offer, Reply, StreamEffects } from "../signaling/messages.js";
import { withFormatParameters } from "./answer-sdp.js";
import { preferCodec } from "./codecs.js";
import { MediaFlow, type FlowPort, type FlowState } from "./flow.js";
import { BlackPicture } from "./black-picture.js";
import { MuteReport } from "./mute-report.js";
import type { MediaKind, Peer, Slot } from "./peer.js";
import { applySenderParameters } from "./sender-parameters.js";

const PUBLIC_STATE = {
  IDLE: "NO_PUBLISH",
  NEGOTIATING: "PUBLISH_REQUESTING",
  WAITING: "PUBLISH_REQUESTING",
  ACTIVE: "PUBLISHING",
  ENDED: "NO_PUBLISH",
} as const satisfies Record<FlowState, ZegoPublisherState["state"]>;

/**
 * How long a camera keeps its size while the bandwidth estimate climbs from its low start. Chromium would begin with a
 * quarter of the picture otherwise, and take longer than this to give back each half.
 */
const WARM_UP_MS = 5000;

export interface PublisherPort extends FlowPort {
  publisherState(state: ZegoPublisherState): void;
  publisherEnded(publisher: Publisher): void;
  publisherActive(publisher: Publisher): void;
  /** What of the stream is muted. */
  mutedChanged(publisher: Publisher): void;
  /** The token of the log-in has ended: logs in with a newer one, if the app gave one. */
  logInAnew(): boolean;
}

/** One local stream on its way to the relay. */
export class Publisher extends MediaFlow implements BeautyOutlet {
  private lastReport = "";
  /** Sent instead of the camera's picture while the preview is kept. */
  private dark: MediaStreamTrack | null = null;
  /** Sent while the camera gives nothing. */
  private black: BlackPicture | null = null;
  /** Runs while the bandwidth estimate is not to be believed yet. */
  private warmUp: ReturnType<typeof setTimeout> | null = null;
  /** Those who wait for the end of a negotiation. */
  private waiting: (() => void)[] = [];
  private readonly muteReport = new MuteReport(
    () => this.stream.mutedKinds(),
    (mutedKinds) => this.port.request({ muteStream: { streamId: this.streamID, mutedKinds } }),
  );

  constructor(
    streamID: string,
    readonly stream: ZegoLocalStream,
    private readonly option: ZegoPublishOption,
    private readonly publisherPort: PublisherPort,
  ) {
    super(streamID, publisherPort, "sendonly", () => {
      return new ZegoError(Code.PUBLISH_RETRY_TIMEOUT, "The stream could not be published again in time.");
    });
    if (stream.dark) void this.darken(true);
  }

  /** Black for the others, while the preview goes on. */
  async darken(mute: boolean): Promise<void> {
    const track = this.stream.getVideoTracks()[0];
    if (track === undefined || mute === (this.dark !== null)) return;
    if (mute) {
      this.dark = darkened(track);
    } else {
      this.dark?.stop();
      this.dark = null;
    }
    await this.sourceChanged("video");
  }

  /** The device began or ceased to give something. */
  async sourceChanged(kind: MediaKind): Promise<void> {
    const slot = this.slots.find((each) => each.kind === kind);
    try {
      await slot?.transceiver.sender.replaceTrack(this.sentTrack(kind));
    } catch {
      // The connection is just being lost; the next one begins with what there is then.
    }
  }

  /** The stream goes on with another track. */
  async trackReplaced(track: MediaStreamTrack): Promise<void> {
    const { optimizationMode } = this.stream.encoding;
    if (track.kind === "video") {
      if (optimizationMode !== "default") track.contentHint = optimizationMode;
      this.dark?.stop();
      this.dark = this.dark === null ? null : darkened(track);
    }
    await this.sourceChanged(track.kind as MediaKind);
  }

  /** A kind of the stream is muted or not any more: the others learn of it. */
  muteChanged(): void {
    if (this.publishing) this.muteReport.refresh();
    this.publisherPort.mutedChanged(this);
  }

  get publishing(): boolean {
    return this.machine.is("ACTIVE");
  }

  negotiated(): Promise<void> {
    if (!this.machine.is("IDLE", "NEGOTIATING")) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async setEffects(effects: StreamEffects): Promise<EffectsSet> {
    const reply = await this.port.request({ setEffects: { streamId: this.streamID, effects } });
    return reply.effectsSet ?? {};
  }

  protected override async prepareSlots(peer: Peer): Promise<void> {
    for (const kind of ["audio", "video"] as const) {
      const source = this.source(kind);
      let slot = this.slots.find((each) => each.kind === kind);
      // What has ended is not announced; what ends while the others have it goes on as black or silent for them.
      if (source === undefined || (source.readyState === "ended" && slot === undefined && !this.wasActive)) continue;
      const track = this.sentTrack(kind);
      const { audioKbps, videoKbps, optimizationMode } = this.stream.encoding;
      const maxBitrate = (kind === "audio" ? audioKbps : videoKbps) * 1000;
      if (slot === undefined) {
        slot = peer.acquire(kind, this.streamID, { sendEncodings: [{ maxBitrate }] });
        this.slots.push(slot);
      }
      slot.transceiver.direction = "sendonly";
      if (kind === "video") {
        if (optimizationMode !== "default" && track !== null) track.contentHint = optimizationMode;
        preferCodec(slot.transceiver, this.option.videoCodec ?? "H264");
      }
      await slot.transceiver.sender.replaceTrack(track);
    }
  }

  protected override announce(offer: Offer): Promise<Reply> {
    const extraInfo = this.option.extraInfo ?? "";
    const effects = this.stream.beauty.effects;
    const muted = this.muteReport.announced();
    const mutedKinds = muted.length > 0 ? muted : undefined;
    return this.port.request({ publish: { streamId: this.streamID, extraInfo, offer, effects, mutedKinds } });
  }

  protected override withdraw(offer: Offer | undefined): Promise<Reply> {
    return this.port.request({ unpublish: { streamId: this.streamID, offer } });
  }

  protected override amend(sdp: string): string {
    const { startKbps, channelCount, audioKbps } = this.stream.encoding;
    let amended = sdp;
    for (const { kind, transceiver } of this.slots) {
      const mid = transceiver.mid;
      if (mid === null) continue;
      if (kind === "video" && startKbps !== null) {
        const start = { "x-google-start-bitrate": startKbps };
        amended = withFormatParameters(amended, mid, ["vp8", "h264", "h265", "vp9"], start);
      } else if (kind === "audio") {
        const opus: Record<string, number> = {};
        if (channelCount === 2) opus["stereo"] = 1;
        if (this.option.enableDTX === true) opus["usedtx"] = 1;
        if (Object.keys(opus).length > 0) opus["maxaveragebitrate"] = audioKbps * 1000;
        amended = withFormatParameters(amended, mid, ["opus"], opus);
      }
    }
    return amended;
  }

  protected override answered(): void {
    this.stopWarmUp();
    this.warmUp = setTimeout(() => {
      this.warmUp = null;
      for (const slot of this.slots) void this.applyParameters(slot);
    }, WARM_UP_MS);
    for (const slot of this.slots) void this.applyParameters(slot);
  }

  protected override async releaseSlot(peer: Peer, slot: Slot): Promise<void> {
    peer.release(slot);
    await slot.transceiver.sender.replaceTrack(null);
  }

  protected override isFinal(error: RequestFailed): boolean {
    if (error.errorCode === Code.TOKEN_EXPIRED) return !this.publisherPort.logInAnew();
    // After a renewed log-in the stream may still stand under the old one for a moment.
    return !error.retryable && !(error.reason === "stream-exists" && this.wasActive);
  }

  protected override report(state: FlowState, error: ZegoError | null): void {
    if (state !== "NEGOTIATING") for (const resolve of this.waiting.splice(0)) resolve();
    if (state === "ENDED") {
      this.stream.beauty.unpublished(this.streamID);
      this.stopWarmUp();
      this.muteReport.stop();
      this.dark?.stop();
      this.dark = null;
      this.black?.stop();
      this.black = null;
      this.publisherPort.publisherEnded(this);
    }
    const publicState = PUBLIC_STATE[state];
    const code = error?.errorCode ?? Code.OK;
    // Trying again after an interruption is still the interruption, with its code.
    const repeat = state === "NEGOTIATING" && this.lastReport.startsWith(publicState);
    if (!repeat && this.lastReport !== `${publicState} ${code}`) {
      this.lastReport = `${publicState} ${code}`;
      this.publisherPort.publisherState({
        streamID: this.streamID,
        state: publicState,
        errorCode: code,
        extendedData: error?.extendedData ?? "{}",
      });
    }
    if (state !== "ACTIVE" || !this.machine.is("ACTIVE")) return;
    this.muteReport.refresh();
    this.publisherPort.publisherActive(this);
    this.stream.beauty.published(this);
  }

  /** Of a call that changes nothing: the state as it is, with the call's error. */
  reportRefusal(error: ZegoError): void {
    const { streamID } = this;
    const { errorCode, extendedData } = error;
    this.publisherPort.publisherState({ streamID, state: PUBLIC_STATE[this.state], errorCode, extendedData });
  }

  private source(kind: MediaKind): MediaStreamTrack | undefined {
    return (kind === "audio" ? this.stream.getAudioTracks() : this.stream.getVideoTracks())[0];
  }

  /** What leaves: the track itself, or black. */
  private sentTrack(kind: MediaKind): MediaStreamTrack | null {
    const track = this.source(kind) ?? null;
    if (kind === "audio" || track === null) return track;
    if (track.readyState === "ended" || this.stream.idle.has("video")) {
      this.black ??= new BlackPicture(track.getSettings());
      return this.black.track;
    }
    this.black?.stop();
    this.black = null;
    return this.dark ?? track;
  }

  private stopWarmUp(): void {
    if (this.warmUp !== null) clearTimeout(this.warmUp);
    this.warmUp = null;
  }

  private applyParameters({ kind, transceiver }: Slot): Promise<void> {
    const { audioKbps, videoKbps, optimizationMode } = this.stream.encoding;
    if (kind === "audio") return applySenderParameters(transceiver.sender, audioKbps * 1000, null);
    const keepsSize =
      optimizationMode === "detail" ||
      (optimizationMode === "default" && (this.stream.source === "screen" || this.warmUp !== null));
    const degradation = keepsSize ? "maintain-resolution" : "maintain-framerate";
    return applySenderParameters(transceiver.sender, videoKbps * 1000, degradation);
  }
}

/** A copy that gives black. */
function darkened(track: MediaStreamTrack): MediaStreamTrack {
  const copy = track.clone();
  copy.enabled = false;
  return copy;
}
