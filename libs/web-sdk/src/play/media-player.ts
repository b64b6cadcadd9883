import type { ZegoVideoPlayOptions } from "../entities.js";
import { forgetGesture, playAfterGesture } from "./autoplay-dialog.js";

export interface PlayerListener {
  canPlay(): void;
  autoplayFailed(element: HTMLMediaElement): void;
}

export interface PlayerOptions extends ZegoVideoPlayOptions {
  muted: boolean;
}

export async function setSink(element: HTMLMediaElement, deviceID: string): Promise<void> {
  if (!("setSinkId" in element)) throw new Error("This browser cannot choose the speaker.");
  await element.setSinkId(deviceID);
}

/** One media element that plays one stream: a picture inside a container, or sound without a picture. */
export class MediaPlayer {
  readonly element: HTMLVideoElement | HTMLAudioElement;
  private readonly container: HTMLElement | null;
  private readonly clearLastFrame: boolean;

  private constructor(
    kind: "video" | "audio",
    stream: MediaStream,
    container: HTMLElement | null,
    options: PlayerOptions,
    private readonly listener: PlayerListener,
    private readonly dialog: boolean,
  ) {
    const element = document.createElement(kind);
    this.element = element;
    this.container = container;
    this.clearLastFrame = options.clearLastFrame !== false;
    element.autoplay = true;
    element.muted = options.muted;
    if (element instanceof HTMLVideoElement) {
      element.playsInline = true;
      Object.assign(element.style, {
        width: "100%",
        height: "100%",
        display: "block",
        objectFit: options.objectFit ?? "contain",
        transform: options.mirror === true ? "scaleX(-1)" : "",
      });
    } else {
      element.style.display = "none";
    }
    element.srcObject = stream;
    (container ?? document.body).append(element);
    this.start();
  }

  static video(stream: MediaStream, container: HTMLElement, options: PlayerOptions, to: PlayerListener): MediaPlayer {
    // A kept last frame gives way to the new picture.
    container.querySelectorAll("video[data-salon-last-frame]").forEach((each) => each.remove());
    return new MediaPlayer("video", stream, container, options, to, options.enableAutoplayDialog !== false);
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
    forgetGesture(this.element);
    this.element.pause();
    if (this.clearLastFrame || this.element instanceof HTMLAudioElement) {
      this.element.srcObject = null;
      this.element.remove();
    } else {
      this.element.dataset["salonLastFrame"] = "";
    }
  }

  private start(): void {
    this.element.play().then(
      () => this.listener.canPlay(),
      (thrown: { name?: string }) => {
        // Anything but a refused autoplay means that the element was stopped or given another stream meanwhile.
        if (thrown.name !== "NotAllowedError") return;
        this.listener.autoplayFailed(this.element);
        if (this.dialog) playAfterGesture(this.element, this.container ?? document.body);
      },
    );
  }
}
