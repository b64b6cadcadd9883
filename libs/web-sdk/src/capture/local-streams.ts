import { Code } from "../codes.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Views } from "../play/views.js";
import type { Rooms } from "../room/rooms.js";
import { ZegoLocalStream } from "./local-stream.js";
import { troubleCode, watchTrack } from "./track-condition.js";

/** The streams that one engine made, and what their tracks' fate means for those who watch them. */
export class LocalStreams {
  private readonly byMedia = new Map<MediaStream, ZegoLocalStream>();
  private muted = false;

  constructor(
    private readonly rooms: Rooms,
    private readonly views: Views,
    private readonly events: Emitter<ZegoEventHandlers>,
    private readonly logger: Logger,
  ) {}

  find(stream: MediaStream | ZegoLocalStream): ZegoLocalStream | null {
    const media = stream instanceof ZegoLocalStream ? stream.stream : stream;
    return (media && this.byMedia.get(media)) ?? null;
  }

  /** As `find`; throws if another has made it. */
  get(stream: MediaStream | ZegoLocalStream): ZegoLocalStream {
    const local = this.find(stream);
    if (local === null) throw new ZegoError(Code.NOT_CREATED_HERE, "The stream was not made by this engine.");
    return local;
  }

  add(stream: ZegoLocalStream): void {
    const media = stream.stream;
    if (media !== null) {
      this.byMedia.set(media, stream);
      stream.beauty.connect({
        outlets: () => this.rooms.publishersOf(stream),
        error: (code, extendedData) => this.events.emit("beautyEffectError", media, code, extendedData),
      });
    }
    if (this.muted && stream.source === "camera") stream.mute("audio", "microphone", true);
    if (stream.source === "screen") this.watchScreen(stream);
    else for (const track of stream.getTracks()) this.watchDevice(stream, track);
  }

  destroy(stream: ZegoLocalStream): void {
    const media = stream.stream;
    stream.destroy();
    if (media === null) return;
    this.views.remove(media);
    this.byMedia.delete(media);
  }

  destroyAll(): void {
    for (const stream of [...this.byMedia.values()]) this.destroy(stream);
  }

  get microphoneMuted(): boolean {
    return this.muted;
  }

  /** Of all streams from devices, also of those that are made later. */
  muteMicrophone(mute: boolean): void {
    this.muted = mute;
    for (const stream of this.byMedia.values()) {
      if (stream.source !== "camera") continue;
      stream.mute("audio", "microphone", mute);
      this.muteChanged(stream);
    }
  }

  /** The stream and its track of that kind; throws if it has none. */
  trackOf(
    stream: MediaStream | ZegoLocalStream,
    kind: "audio" | "video",
  ): { local: ZegoLocalStream; former: MediaStreamTrack } {
    const local = this.get(stream);
    const former = (kind === "audio" ? local.getAudioTracks() : local.getVideoTracks())[0];
    if (former !== undefined) return { local, former };
    const code = kind === "audio" ? Code.AUDIO_TRACK_MISSING : Code.VIDEO_TRACK_MISSING;
    throw new ZegoError(code, `The stream has no ${kind} track.`);
  }

  replace(local: ZegoLocalStream, former: MediaStreamTrack, track: MediaStreamTrack, own: boolean): void {
    if (track === former) return;
    local.replace(former, track, own);
    this.watchDevice(local, track);
    for (const publisher of this.rooms.publishersOf(local)) void publisher.trackReplaced(track);
    this.muteChanged(local);
  }

  /** A kind of the stream is muted or not any more. */
  muteChanged(stream: ZegoLocalStream): void {
    for (const publisher of this.rooms.publishersOf(stream)) publisher.muteChanged();
  }

  private watchScreen(stream: ZegoLocalStream): void {
    const track = stream.getVideoTracks()[0];
    track?.addEventListener("ended", () => {
      const media = stream.stream;
      if (media === null || stream.getVideoTracks()[0] !== track) return;
      this.events.emit("screenSharingEnded", media);
      // Nothing more will come: whoever still watches sees it go instead of a frozen picture.
      for (const publisher of this.rooms.publishersOf(stream)) publisher.stop();
      // Many handlers have done that already.
      if (stream.stream !== null) this.destroy(stream);
    });
  }

  /** Unplugged, taken by another app, or no longer permitted: an event for the app, and black for the others. */
  private watchDevice(stream: ZegoLocalStream, track: MediaStreamTrack): void {
    if (stream.watched.has(track)) return;
    stream.watched.add(track);
    const kind = track.kind as "audio" | "video";
    watchTrack(track, (condition) => {
      if (stream.stream === null || !stream.getTracks().includes(track)) return;
      // A canvas that nobody draws on is held too, and its last picture is meant to stay.
      if (condition === "held" && (stream.source === "custom" || !stream.isOwn(track))) return;
      if (condition === "live") stream.idle.delete(kind);
      else stream.idle.add(kind);
      for (const publisher of this.rooms.publishersOf(stream)) void publisher.sourceChanged(kind);
      this.muteChanged(stream);
      this.logger.warn("track-condition", { kind, condition });
      // A custom track is the app's own: it knows.
      if (condition === "live" || stream.source !== "camera" || !stream.isOwn(track)) return;
      this.events.emit("deviceError", troubleCode(condition, kind), track.label);
    });
  }
}
