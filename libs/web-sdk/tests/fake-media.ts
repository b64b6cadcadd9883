// As much of the browser's media interface as it takes to publish without a browser.
export class FakeTrack {
  enabled = true;
  readyState = "live";

  constructor(readonly kind: "audio" | "video") {}

  stop(): void {
    this.readyState = "ended";
  }

  addEventListener(): void {}
}

export class FakeMediaStream {
  readonly id = "media";
  readonly active = true;

  constructor(private readonly tracks: readonly FakeTrack[]) {}

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

export class FakePeerConnection {
  static last: FakePeerConnection | null = null;
  connectionState = "connected";
  onconnectionstatechange: (() => void) | null = null;
  localDescription = { sdp: "v=0" };

  constructor() {
    FakePeerConnection.last = this;
  }

  addTransceiver(_kind: string, { direction }: { direction: string }): unknown {
    const parameters = { encodings: [{}] };
    const sender = {
      replaceTrack: () => Promise.resolve(),
      getParameters: () => parameters,
      setParameters: () => Promise.resolve(),
    };
    return { mid: "0", direction, sender, setCodecPreferences: () => undefined };
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
