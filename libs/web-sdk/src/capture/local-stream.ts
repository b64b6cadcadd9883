import { Beauty } from "../beauty/beauty.js";
import type { EncodingPlan } from "./plan.js";
import { Emitter } from "../emitter.js";
import type {
  ZegoAudioPlayOptions,
  ZegoLocalStreamEvent,
  ZegoSnapshotOptions,
  ZegoVideoPlayOptions,
} from "../entities/index.js";
import { addNotYet, type NotYetLocalStream } from "../absent/not-yet.js";
import { BeautyOverlay } from "../play/beauty-overlay.js";
import { MediaPlayer, findContainer, setSink } from "../play/media-player.js";
import { snapshot } from "../play/snapshot.js";

type MuteReason = "publish" | "microphone";

// The interface merges in what `absent/not-yet.ts` puts on the prototype.
export interface ZegoLocalStream extends NotYetLocalStream {}

/** A stream made on this page: what a camera, a microphone, a screen or the app itself gives. */
export class ZegoLocalStream {
  private readonly events = new Emitter<ZegoLocalStreamEvent>();
  private readonly media: MediaStream;
  private readonly muteReasons: Record<"audio" | "video", Set<MuteReason>> = { audio: new Set(), video: new Set() };
  private picture: MediaPlayer | null = null;
  private overlay: BeautyOverlay | null = null;
  private capturePicture: MediaPlayer | null = null;
  private sound: MediaPlayer | null = null;
  private captureSound: MediaPlayer | null = null;
  private destroyed = false;
  /** What others see is black, while the preview goes on. @internal */
  dark = false;
  /** Whose device gives nothing: the others see black, or hear silence. @internal */
  readonly idle = new Set<"audio" | "video">();
  /** @internal */
  readonly beauty = new Beauty();
  /** Tracks whose fate is followed. @internal */
  readonly watched = new WeakSet<MediaStreamTrack>();
  /** Tracks that the SDK opened, also those that others have replaced since: the app may put them back. */
  private readonly opened: Set<MediaStreamTrack>;

  /** @internal */
  constructor(
    readonly source: "camera" | "screen" | "custom",
    /** @internal */
    readonly encoding: EncodingPlan,
    tracks: readonly MediaStreamTrack[],
    owned: boolean,
    /** What its devices were opened with. @internal */
    readonly constraints: MediaStreamConstraints = {},
  ) {
    this.media = new MediaStream([...tracks]);
    this.opened = new Set(owned ? tracks : []);
  }

  get active(): boolean {
    return !this.destroyed && this.media.active;
  }

  get id(): string {
    return this.media.id;
  }

  get stream(): MediaStream | null {
    return this.destroyed ? null : this.media;
  }

  /** Older code reaches for the MediaStream by this name. */
  get zegoStream(): MediaStream | null {
    return this.stream;
  }

  get videoCaptureStream(): MediaStream | null {
    return this.media.getVideoTracks().length > 0 ? this.stream : null;
  }

  get audioCaptureStream(): MediaStream | null {
    return this.media.getAudioTracks().length > 0 ? this.stream : null;
  }

  get videoDeviceId(): string {
    return this.media.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  get audioDeviceId(): string {
    return this.media.getAudioTracks()[0]?.getSettings().deviceId ?? "";
  }

  getAudioTracks(): MediaStreamTrack[] {
    return this.media.getAudioTracks();
  }

  getVideoTracks(): MediaStreamTrack[] {
    return this.media.getVideoTracks();
  }

  getTracks(): MediaStreamTrack[] {
    return this.media.getTracks();
  }

  playVideo(view: HTMLElement, options: ZegoVideoPlayOptions = {}): void {
    this.stopVideo();
    this.picture = this.showVideo(view, options, "canPlayVideo", "autoplayFailed", () => this.stopVideo());
    if (this.picture?.element instanceof HTMLVideoElement) {
      this.overlay = new BeautyOverlay(this.picture.element, this.beauty);
    }
  }

  playAudio(options: ZegoAudioPlayOptions = {}): void {
    this.stopAudio();
    this.sound = this.playSound(options, "canPlayAudio", "autoplayFailed");
  }

  stopVideo(): void {
    this.overlay?.stop();
    this.overlay = null;
    this.picture?.stop();
    this.picture = null;
  }

  stopAudio(): void {
    this.sound?.stop();
    this.sound = null;
  }

  resumeVideo(): void {
    this.picture?.resume();
    this.capturePicture?.resume();
  }

  resumeAudio(): void {
    this.sound?.resume();
    this.captureSound?.resume();
  }

  setVolume(volume: number): boolean {
    if (!(volume >= 0 && volume <= 100)) return false;
    this.sound?.setVolume(volume);
    this.captureSound?.setVolume(volume);
    return true;
  }

  takeStreamSnapshot(options?: ZegoSnapshotOptions): string {
    const element = (this.picture ?? this.capturePicture)?.element;
    const plain = element instanceof HTMLVideoElement ? element : null;
    return snapshot(this.overlay?.current() ?? plain, options);
  }

  playCaptureVideo(view: HTMLElement, options: ZegoVideoPlayOptions = {}): void {
    this.stopPlayCaptureVideo();
    const displaced = (): void => this.stopPlayCaptureVideo();
    this.capturePicture = this.showVideo(view, options, "canPlayCaptureVideo", "autoplayCaptureFailed", displaced);
  }

  playCaptureAudio(options: ZegoAudioPlayOptions = {}): void {
    this.stopPlayCaptureAudio();
    this.captureSound = this.playSound(options, "canPlayCaptureAudio", "autoplayCaptureFailed");
  }

  stopPlayCaptureVideo(): void {
    this.capturePicture?.stop();
    this.capturePicture = null;
  }

  stopPlayCaptureAudio(): void {
    this.captureSound?.stop();
    this.captureSound = null;
  }

  async useAudioOutputDevice(deviceID: string): Promise<void> {
    for (const player of [this.sound, this.captureSound]) {
      if (player !== null) await setSink(player.element, deviceID);
    }
  }

  getScreenDisplaySurface(): "browser" | "window" | "monitor" | "unknown" {
    const settings: MediaTrackSettings & { displaySurface?: string } =
      this.media.getVideoTracks()[0]?.getSettings() ?? {};
    const surface = settings.displaySurface;
    return surface === "browser" || surface === "window" || surface === "monitor" ? surface : "unknown";
  }

  on<K extends keyof ZegoLocalStreamEvent>(event: K, handler: ZegoLocalStreamEvent[K]): boolean {
    return this.events.on(event, handler);
  }

  off<K extends keyof ZegoLocalStreamEvent>(event: K, handler?: ZegoLocalStreamEvent[K]): boolean {
    return this.events.off(event, handler);
  }

  /** Several callers may mute the same track; it sounds when none of them does. @internal */
  mute(kind: "audio" | "video", reason: MuteReason, mute: boolean): void {
    const reasons = this.muteReasons[kind];
    if (mute) reasons.add(reason);
    else reasons.delete(reason);
    const tracks = kind === "audio" ? this.media.getAudioTracks() : this.media.getVideoTracks();
    for (const track of tracks) track.enabled = reasons.size === 0;
  }

  /** Whether the SDK opened its device, and not the app. @internal */
  isOwn(track: MediaStreamTrack): boolean {
    return this.opened.has(track);
  }

  /** Switches its device off, unless it is the app's. @internal */
  close(track: MediaStreamTrack): void {
    if (this.opened.delete(track)) track.stop();
  }

  /** What is played and published goes on with `track`. Its own: it ends with the stream. @internal */
  replace(former: MediaStreamTrack, track: MediaStreamTrack, own: boolean): void {
    const kind = track.kind as "audio" | "video";
    if (own) this.opened.add(track);
    track.enabled = this.muteReasons[kind].size === 0;
    if (track.readyState === "live") this.idle.delete(kind);
    this.media.removeTrack(former);
    this.media.addTrack(track);
    this.events.emit(kind === "video" ? "videoTrackChanged" : "audioTrackChanged", track);
  }

  /** What the others get nothing of, for whatever reason. @internal */
  mutedKinds(): ("audio" | "video")[] {
    return (["audio", "video"] as const).filter((kind) => {
      const track = (kind === "audio" ? this.getAudioTracks() : this.getVideoTracks())[0];
      if (track === undefined) return false;
      const withheld = this.muteReasons[kind].size > 0 || (kind === "video" && this.dark);
      return withheld || this.idle.has(kind) || track.readyState === "ended";
    });
  }

  /** @internal */
  destroy(): void {
    if (this.destroyed) return;
    this.beauty.end();
    this.stopVideo();
    this.stopAudio();
    this.stopPlayCaptureVideo();
    this.stopPlayCaptureAudio();
    for (const track of this.opened) track.stop();
    this.destroyed = true;
  }

  private showVideo(
    view: HTMLElement,
    options: ZegoVideoPlayOptions,
    played: "canPlayVideo" | "canPlayCaptureVideo",
    failed: "autoplayFailed" | "autoplayCaptureFailed",
    displaced: () => void,
  ): MediaPlayer | null {
    const place = findContainer(view);
    if (place === null) return null;
    const listener = {
      canPlay: () => this.events.emit(played),
      autoplayFailed: (element: HTMLMediaElement) => this.events.emit(failed, element),
      displaced,
    };
    return MediaPlayer.video(this.media, place, { ...options, muted: true }, listener);
  }

  private playSound(
    options: ZegoAudioPlayOptions,
    played: "canPlayAudio" | "canPlayCaptureAudio",
    failed: "autoplayFailed" | "autoplayCaptureFailed",
  ): MediaPlayer {
    const listener = {
      canPlay: () => this.events.emit(played),
      autoplayFailed: (element: HTMLMediaElement) => this.events.emit(failed, element),
    };
    return MediaPlayer.audio(this.media, false, options.enableAutoplayDialog !== false, listener);
  }
}

addNotYet(ZegoLocalStream.prototype, "localStream");
