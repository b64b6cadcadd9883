import type { ZegoVideoPlayOptions } from "../entities/index.js";
import { forgetGesture, playAfterGesture } from "./autoplay-dialog.js";

export interface PlayerListener {
  canPlay(): void;
  autoplayFailed(element: HTMLMediaElement): void;
  /** Another picture took the place of this one. */
  displaced?(): void;
}

export interface PlayerOptions extends ZegoVideoPlayOptions {
  muted: boolean;
}

export async function setSink(element: HTMLMediaElement, deviceID: string): Promise<void> {
  if (!("setSinkId" in element)) throw new Error("This browser cannot choose the speaker.");
  await element.setSinkId(deviceID);
}

/** What app code gives as the place for a picture: an element, or the id of one. Null, said once, if there is none. */
export function findContainer(container: unknown): HTMLElement | null {
  const place = typeof container === "string" ? document.getElementById(container) : container;
  if (place instanceof HTMLElement) return place;
  console.warn("[salon]", "no-such-container", { container: typeof container === "string" ? container : "" });
  return null;
}

/** Who shows a picture where: the newest does. */
const occupants = new WeakMap<HTMLElement, MediaPlayer>();

/** One media element that plays one stream: a picture inside a container, or sound without a picture. */
export class MediaPlayer {
  readonly element: HTMLVideoElement | HTMLAudioElement;
  /** As the app named it. */
  private readonly place: HTMLElement | null;
  private readonly container: HTMLElement | null;
  /** The app gave a player of its own instead of a place for one. */
  private readonly borrowed: boolean;
  private readonly clearLastFrame: boolean;
  private stopped = false;

  private constructor(
    kind: "video" | "audio",
    stream: MediaStream,
    container: HTMLElement | null,
    options: PlayerOptions,
    private readonly listener: PlayerListener,
    private readonly dialog: boolean,
  ) {
    this.place = container;
    this.borrowed = kind === "video" && container instanceof HTMLVideoElement;
    const element = this.borrowed ? (container as HTMLVideoElement) : document.createElement(kind);
    this.element = element;
    this.container = this.borrowed ? (container?.parentElement ?? null) : container;
    this.clearLastFrame = options.clearLastFrame !== false;
    element.autoplay = true;
    element.muted = options.muted;
    if (element instanceof HTMLVideoElement) {
      element.playsInline = true;
      const size = this.borrowed ? {} : { width: "100%", height: "100%", display: "block" };
      Object.assign(element.style, {
        ...size,
        objectFit: options.objectFit ?? "contain",
        transform: options.mirror === true ? "scaleX(-1)" : "",
      });
    } else {
      element.style.display = "none";
    }
    element.srcObject = stream;
    if (!this.borrowed) (container ?? document.body).append(element);
    this.start();
  }

  static video(stream: MediaStream, container: HTMLElement, options: PlayerOptions, to: PlayerListener): MediaPlayer {
    occupants.get(container)?.giveWay();
    // A kept last frame gives way to the new picture.
    container.querySelectorAll("video[data-salon-last-frame]").forEach((each) => each.remove());
    const dialog = options.enableAutoplayDialog !== false;
    const player = new MediaPlayer("video", stream, container, options, to, dialog);
    occupants.set(container, player);
    return player;
  }

  static audio(stream: MediaStream, muted: boolean, dialog: boolean, to: PlayerListener): MediaPlayer {
    return new MediaPlayer("audio", stream, null, { muted }, to, dialog);
  }

  resume(): void {
    this.start();
  }

  setStream(stream: MediaStream): void {
    if (this.element.srcObject === stream) return;
    this.element.srcObject = stream;
    this.start();
  }

  setVolume(volume: number): boolean {
    if (!(volume >= 0 && volume <= 100)) return false;
    this.element.volume = volume / 100;
    return true;
  }

  stop(): void {
    // A borrowed element may long be another player's.
    if (this.stopped) return;
    this.stopped = true;
    if (this.place !== null && occupants.get(this.place) === this) occupants.delete(this.place);
    forgetGesture(this.element);
    this.element.pause();
    if (this.clearLastFrame || this.element instanceof HTMLAudioElement) {
      this.element.srcObject = null;
      if (!this.borrowed) this.element.remove();
    } else if (!this.borrowed) {
      this.element.dataset["salonLastFrame"] = "";
    }
  }

  private giveWay(): void {
    this.stop();
    this.listener.displaced?.();
  }

  private start(): void {
    this.element.play().then(
      () => this.listener.canPlay(),
      (thrown: { name?: string }) => {
        // Anything but a refused autoplay means that the element was stopped or given another stream meanwhile.
        if (thrown.name !== "NotAllowedError") return;
        this.listener.autoplayFailed(this.element);
        if (this.dialog) playAfterGesture(this.element, this.container ?? document.body, () => this.start());
      },
    );
  }
}
