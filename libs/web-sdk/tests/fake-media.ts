// As much of the browser's media interface as it takes to publish without a browser.
export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  readyState = "live";
  contentHint = "";

  constructor(
    readonly kind: "audio" | "video",
    readonly label = "",
  ) {
    super();
  }

  stop(): void {
    this.readyState = "ended";
  }

  clone(): FakeTrack {
    return new FakeTrack(this.kind, this.label);
  }

  getSettings(): MediaTrackSettings {
    return {};
  }

  /** The device is gone. */
  end(): void {
    this.stop();
    this.dispatchEvent(new Event("ended"));
  }

  /** The system takes it away for a while, or gives it back. */
  hold(held: boolean): void {
    this.muted = held;
    this.dispatchEvent(new Event(held ? "mute" : "unmute"));
  }
}

export class FakeMediaStream {
  readonly id = "media";
  readonly active = true;

  private tracks: readonly FakeTrack[];

  constructor(tracks: readonly FakeTrack[] = []) {
    this.tracks = tracks;
  }

  addTrack(track: FakeTrack): void {
    if (!this.tracks.includes(track)) this.tracks = [...this.tracks, track];
  }

  removeTrack(track: FakeTrack): void {
    this.tracks = this.tracks.filter((each) => each !== track);
  }

  getTracks(): FakeTrack[] {
    return [...this.tracks];
  }

  getAudioTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === "audio");
  }

  getVideoTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === "video");
  }
}

interface FakeTransceiver {
  mid: string;
  kind: string;
  direction: string;
  readonly currentDirection: string;
  sender: { track: FakeTrack | null };
  receiver: { track: FakeTrack };
}

export class FakePeerConnection {
  static last: FakePeerConnection | null = null;
  connectionState = "connected";
  onconnectionstatechange: (() => void) | null = null;
  localDescription = { sdp: "v=0" };
  readonly transceivers: FakeTransceiver[] = [];

  constructor() {
    FakePeerConnection.last = this;
  }

  addTransceiver(kind: string, { direction }: { direction: string }): unknown {
    const parameters = { encodings: [{}] };
    const sender = {
      track: null as FakeTrack | null,
      replaceTrack: (track: FakeTrack | null) => {
        sender.track = track;
        return Promise.resolve();
      },
      getParameters: () => parameters,
      setParameters: () => Promise.resolve(),
    };
    const transceiver = {
      mid: String(this.transceivers.length),
      kind,
      direction,
      get currentDirection() {
        return transceiver.direction;
      },
      sender,
      receiver: { track: new FakeTrack(kind as "audio" | "video") },
      setCodecPreferences: () => undefined,
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  createOffer(): Promise<unknown> {
    return Promise.resolve({});
  }

  setLocalDescription(): Promise<void> {
    return Promise.resolve();
  }

  setRemoteDescription(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  fail(): void {
    this.connectionState = "failed";
    this.onconnectionstatechange?.();
  }
}

export function installFakeMedia(): void {
  Object.assign(globalThis, {
    MediaStream: FakeMediaStream,
    RTCPeerConnection: FakePeerConnection,
    RTCRtpSender: { getCapabilities: () => ({ codecs: [] }) },
  });
}
