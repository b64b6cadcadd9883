import type { Beauty } from "../beauty/beauty.js";
import { Emitter } from "../emitter.js";
import type {
  ZegoAudioPlayOptions,
  ZegoSnapshotOptions,
  ZegoStreamViewEvent,
  ZegoVideoPlayOptions,
  ZegoViewPlayOptions,
} from "../entities/index.js";
import { BeautyOverlay } from "./beauty-overlay.js";
import { MediaPlayer, findContainer, setSink } from "./media-player.js";
import { snapshot } from "./snapshot.js";

/** Plays one MediaStream on the page. What is muted here is muted for this page only. */
export class ZegoStreamView {
  private readonly events = new Emitter<ZegoStreamViewEvent>();
  private picture: MediaPlayer | null = null;
  private overlay: BeautyOverlay | null = null;
  private sound: MediaPlayer | null = null;
  /** The picture's element also carries the sound, so that the browser keeps the two together. */
  private pictureHasSound = false;
  private audioMuted: boolean;
  private videoMuted = false;
  private volume = 100;
  private sinkID: string | null = null;

  /** @internal */
  constructor(
    private readonly stream: MediaStream,
    private readonly local: boolean,
    private readonly beauty: Beauty | null,
  ) {
    this.audioMuted = local;
  }

  play(container: string | HTMLElement, options: ZegoViewPlayOptions = {}): void {
    if (options.muted !== undefined) this.audioMuted = options.muted;
    this.stopAudio();
    this.showPicture(container, options, true);
  }

  stop(): void {
    this.stopVideo();
    this.stopAudio();
  }

  playVideo(container: string | HTMLElement, options: ZegoVideoPlayOptions = {}): void {
    this.showPicture(container, options, false);
  }

  stopVideo(): void {
    this.overlay?.stop();
    this.overlay = null;
    this.picture?.stop();
    this.picture = null;
    this.pictureHasSound = false;
  }

  playAudio(options: ZegoAudioPlayOptions = {}): void {
    if (this.pictureHasSound || this.sound !== null) return;
    // Asked for by name, the sound is wanted, local or not.
    if (this.local) this.audioMuted = false;
    this.startSound(options);
  }

  stopAudio(): void {
    this.sound?.stop();
    this.sound = null;
    if (this.pictureHasSound && this.picture !== null) {
      this.pictureHasSound = false;
      this.picture.element.muted = true;
    }
  }

  resume(): void {
    this.picture?.resume();
    this.sound?.resume();
  }

  setAudioMuted(mute: boolean): boolean {
    this.audioMuted = mute;
    this.applySound();
    return true;
  }

  setVideoMuted(mute: boolean): boolean {
    this.videoMuted = mute;
    this.applyPicture();
    return true;
  }

  setVolume(volume: number): boolean {
    if (!(volume >= 0 && volume <= 100)) return false;
    this.volume = volume;
    this.applySound();
    return true;
  }

  async useAudioOutputDevice(deviceID: string): Promise<void> {
    this.sinkID = deviceID;
    const element = this.soundElement();
    if (element !== null) await setSink(element, deviceID);
  }

  getVideoHeight(): number {
    return this.video()?.videoHeight ?? 0;
  }

  getVideoWidth(): number {
    return this.video()?.videoWidth ?? 0;
  }

  takeStreamSnapshot(options?: ZegoSnapshotOptions): string {
    return snapshot(this.overlay?.current() ?? this.video(), options);
  }

  on<K extends keyof ZegoStreamViewEvent>(event: K, handler: ZegoStreamViewEvent[K]): boolean {
    return this.events.on(event, handler);
  }

  off<K extends keyof ZegoStreamViewEvent>(event: K, handler?: ZegoStreamViewEvent[K]): boolean {
    return this.events.off(event, handler);
  }

  private startSound(options: ZegoAudioPlayOptions): void {
    const listener = {
      canPlay: () => this.events.emit("canPlayAudio"),
      autoplayFailed: () => this.events.emit("autoplayFailed"),
    };
    this.sound = MediaPlayer.audio(this.stream, this.audioMuted, options.enableAutoplayDialog !== false, listener);
    this.applySound();
  }

  private showPicture(container: string | HTMLElement, options: ZegoVideoPlayOptions, withSound: boolean): void {
    const place = findContainer(container);
    if (place === null) return;
    this.stopVideo();
    this.pictureHasSound = withSound;
    const listener = {
      canPlay: () => {
        if (this.stream.getVideoTracks().length > 0) this.events.emit("canPlayVideo");
        if (withSound && this.stream.getAudioTracks().length > 0) this.events.emit("canPlayAudio");
      },
      autoplayFailed: () => this.events.emit("autoplayFailed"),
      displaced: () => {
        const sounded = this.pictureHasSound;
        this.stopVideo();
        // The sound was in nobody's way.
        if (sounded) this.startSound(options);
      },
    };
    const muted = !withSound || this.audioMuted;
    this.picture = MediaPlayer.video(this.stream, place, { ...options, muted }, listener);
    if (this.beauty !== null && this.picture.element instanceof HTMLVideoElement) {
      this.overlay = new BeautyOverlay(this.picture.element, this.beauty);
    }
    this.applyPicture();
    this.applySound();
  }

  private applyPicture(): void {
    if (this.picture !== null) this.picture.element.style.visibility = this.videoMuted ? "hidden" : "";
  }

  private applySound(): void {
    const element = this.soundElement();
    if (element === null) return;
    element.muted = this.audioMuted;
    element.volume = this.volume / 100;
    if (this.sinkID !== null) setSink(element, this.sinkID).catch(() => undefined);
  }

  private soundElement(): HTMLMediaElement | null {
    return this.sound?.element ?? (this.pictureHasSound ? (this.picture?.element ?? null) : null);
  }

  private video(): HTMLVideoElement | null {
    return this.picture?.element instanceof HTMLVideoElement ? this.picture.element : null;
  }
}
