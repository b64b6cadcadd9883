import type { ZegoLocalStream } from "../src/capture/local-stream.js";
import { EngineFixture } from "./engine-fixture.js";
import { FakeMediaStream, FakeTrack } from "./fake-media.js";
import { advance, settle } from "./fake-time.js";

export class FakeDevices extends EventTarget {
  /** What is opened next, or why not. */
  next: FakeTrack | Error | null = null;
  readonly asked: unknown[] = [];
  list: { kind: string; deviceId: string; label: string }[] = [];

  constructor(private readonly tracks: readonly FakeTrack[]) {
    super();
  }

  getUserMedia(constraints: unknown): Promise<FakeMediaStream> {
    this.asked.push(constraints);
    const next = this.next;
    this.next = null;
    if (next instanceof Error) return Promise.reject(next);
    if (next !== null) return Promise.resolve(new FakeMediaStream([next]));
    return Promise.resolve(new FakeMediaStream(this.tracks));
  }

  enumerateDevices(): Promise<unknown[]> {
    return Promise.resolve([...this.list]);
  }
}

/** A page with a camera and a microphone, canvases that can be captured, and a list of devices that may change. */
export class DevicePage extends EngineFixture {
  readonly camera = new FakeTrack("video", "Front");
  readonly microphone = new FakeTrack("audio", "Headset");
  readonly black: FakeTrack[] = [];
  readonly devices = new FakeDevices([this.microphone, this.camera]);

  constructor() {
    super();
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices: this.devices } });
    const captureStream = (): FakeMediaStream => {
      const track = new FakeTrack("video", "black");
      this.black.push(track);
      return new FakeMediaStream([track]);
    };
    const createElement = (): unknown => ({ getContext: () => ({ fillRect: () => undefined }), captureStream });
    Object.assign(globalThis, { document: { createElement } });
  }

  async publish(stream?: ZegoLocalStream): Promise<ZegoLocalStream> {
    const made = stream ?? (await this.engine.createZegoStream());
    await this.login();
    advance(1_000);
    this.engine.startPublishingStream("s", made);
    await settle();
    await this.answered("publish");
    this.reported.length = 0;
    return made;
  }

  get blackTrack(): FakeTrack | undefined {
    return this.black.at(-1);
  }
}
