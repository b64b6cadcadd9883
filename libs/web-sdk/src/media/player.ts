import { Code } from "../codes.js";
import { RequestFailed, ZegoError } from "../errors.js";
import type { ZegoPlayOption, ZegoPlayerState } from "../entities/index.js";
import type { Offer, Reply } from "../signaling/messages.js";
import { MediaFlow, type FlowPort, type FlowState } from "./flow.js";
import type { MediaKind, Peer, Slot } from "./peer.js";

const PUBLIC_STATE = {
  IDLE: "NO_PLAY",
  NEGOTIATING: "PLAY_REQUESTING",
  WAITING: "PLAY_REQUESTING",
  ACTIVE: "PLAYING",
  ENDED: "NO_PLAY",
} as const satisfies Record<FlowState, ZegoPlayerState["state"]>;

export interface PlayerPort extends FlowPort {
  playerState(state: ZegoPlayerState): void;
  playerEnded(player: Player): void;
  /** It plays, for the first time or again. */
  playerActive(player: Player): void;
  /** This page is about to publish the stream. */
  isComing(streamID: string): boolean;
  /** What the stream is known to consist of; empty if not known. */
  kindsOf(streamID: string): readonly string[];
}

type DelayableReceiver = RTCRtpReceiver & { playoutDelayHint?: number | null };

/** One stream on its way from the relay, as one MediaStream that lives through interruptions. */
export class Player extends MediaFlow {
  readonly media = new MediaStream();
  /** Settles when the tracks are there, or with the reason why there will be none. */
  readonly ready: Promise<MediaStream>;
  private result: { resolve: (stream: MediaStream) => void; reject: (error: ZegoError) => void } | null = null;
  private lastReport = "";
  /** What was reported as muted; a stream begins as open. */
  private muted: ReadonlySet<string> = new Set();

  constructor(
    streamID: string,
    private readonly option: ZegoPlayOption,
    private readonly playerPort: PlayerPort,
  ) {
    super(streamID, playerPort, "recvonly", () => {
      return new ZegoError(Code.PLAY_RETRY_TIMEOUT, "The stream could not be played again in time.");
    });
    this.ready = new Promise((resolve, reject) => {
      this.result = { resolve, reject };
    });
    // The app handles its own promise; this one must not count as unhandled when nobody looked.
    this.ready.catch(() => undefined);
  }

  /** It played, and is on its way to play again. */
  get interrupted(): boolean {
    return this.wasActive && this.machine.is("WAITING", "NEGOTIATING");
  }

  get hasPlayed(): boolean {
    return this.wasActive;
  }

  /** The kinds that are to be reported, and whether they are muted now; none while nothing is played. */
  learnMuted(mutedKinds: readonly string[]): { kind: MediaKind; muted: boolean }[] {
    if (!this.machine.is("ACTIVE")) return [];
    const before = this.muted;
    this.muted = new Set(mutedKinds);
    return (["audio", "video"] as const)
      .filter((kind) => before.has(kind) !== this.muted.has(kind))
      .map((kind) => ({ kind, muted: this.muted.has(kind) }));
  }

  protected override prepareSlots(peer: Peer): Promise<void> {
    for (const kind of ["audio", "video"] as const) {
      const present = this.slots.find((each) => each.kind === kind);
      if (!this.wants(kind)) {
        if (present !== undefined) this.drop(peer, present);
        continue;
      }
      const slot = present ?? peer.acquire(kind, this.streamID);
      if (present === undefined) this.slots.push(slot);
      slot.transceiver.direction = "recvonly";
      const receiver = slot.transceiver.receiver as DelayableReceiver;
      const targetMs = this.option.jitterBufferTarget;
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = targetMs ?? null;
      if ("playoutDelayHint" in receiver && this.option.playoutDelayHint !== undefined) {
        receiver.playoutDelayHint = this.option.playoutDelayHint;
      }
    }
    return Promise.resolve();
  }

  protected override announce(offer: Offer): Promise<Reply> {
    return this.port.request({ play: { streamId: this.streamID, offer } });
  }

  protected override withdraw(offer: Offer | undefined): Promise<Reply> {
    return this.port.request({ stopPlay: { streamId: this.streamID, offer } });
  }

  protected override answered(): void {
    const tracks: MediaStreamTrack[] = [];
    for (const slot of [...this.slots]) {
      if (slot.transceiver.currentDirection === "recvonly") tracks.push(slot.transceiver.receiver.track);
      else if (this.peer !== null) this.drop(this.peer, slot);
    }
    if (tracks.length === 0) {
      throw new RequestFailed(Code.PLAY_INTERRUPTED, "The relay has no media of this stream.", "no-media", true);
    }
    for (const track of this.media.getTracks()) if (!tracks.includes(track)) this.media.removeTrack(track);
    for (const track of tracks) this.media.addTrack(track);
    this.result?.resolve(this.media);
    this.result = null;
  }

  protected override releaseSlot(peer: Peer, slot: Slot): Promise<void> {
    this.drop(peer, slot);
    return Promise.resolve();
  }

  protected override isFinal(error: RequestFailed): boolean {
    if (error.retryable) return false;
    if (error.errorCode !== Code.STREAM_NOT_FOUND) return true;
    // What once played may be about to be published again.
    return !this.wasActive && !this.playerPort.isComing(this.streamID);
  }

  protected override report(state: FlowState, error: ZegoError | null): void {
    if (state === "ENDED") {
      this.playerPort.playerEnded(this);
      this.result?.reject(error ?? new ZegoError(Code.NOT_PLAYING, "Playing was stopped before it began."));
      this.result = null;
    }
    const publicState = PUBLIC_STATE[state];
    const code = error?.errorCode ?? Code.OK;
    // Trying again after an interruption is still the interruption, with its code.
    const repeat = state === "NEGOTIATING" && this.lastReport.startsWith(publicState);
    if (!repeat && this.lastReport !== `${publicState} ${code}`) {
      this.lastReport = `${publicState} ${code}`;
      this.playerPort.playerState({
        streamID: this.streamID,
        state: publicState,
        errorCode: code,
        extendedData: error?.extendedData ?? "{}",
      });
    }
    if (state === "ACTIVE") this.playerPort.playerActive(this);
  }

  private wants(kind: MediaKind): boolean {
    if (this.option[kind] === false) return false;
    const kinds = this.playerPort.kindsOf(this.streamID);
    return kinds.length === 0 || kinds.includes(kind);
  }

  /** The transceiver will serve another stream: its track must not stay in this one's MediaStream. */
  private drop(peer: Peer, slot: Slot): void {
    this.media.removeTrack(slot.transceiver.receiver.track);
    peer.release(slot);
    this.slots = this.slots.filter((each) => each !== slot);
  }
}
