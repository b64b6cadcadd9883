import { Code } from "../codes.js";
import { PeerLost, RequestFailed, ZegoError, toZegoError } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Offer, Reply } from "../signaling/messages.js";

export type PeerDirection = "sendonly" | "recvonly";
export type MediaKind = "audio" | "video";

/** A transceiver and whom it serves. Freed ones are used again, so that the SDP does not grow with every stream. */
export interface Slot {
  readonly kind: MediaKind;
  readonly transceiver: RTCRtpTransceiver;
  streamID: string | null;
}

export interface Negotiation {
  /** Changes the transceivers; `false` leaves everything as it is, without an offer. */
  prepare: (peer: Peer) => boolean | Promise<boolean>;
  /** Sends the offer; resolves with the reply that holds the answer. */
  sendOffer: (offer: Offer) => Promise<Reply>;
  /** A last look at the answer before the browser takes it. */
  amend?: (sdp: string) => string;
}

/** Long enough for a lost handshake packet or two, short enough that nobody hangs up. */
const CONNECT_TIMEOUT_MS = 8_000;
/** Chromium says "disconnected" when checks go unanswered, and "failed" only half a minute later. */
const DISCONNECTED_GRACE_MS = 4_000;

let lastPeerNumber = 0;

/** One RTCPeerConnection. Offers go out one at a time; once lost it is never used again. */
export class Peer {
  readonly id: string;
  private readonly connection: RTCPeerConnection;
  private readonly slots: Slot[] = [];
  private queue: Promise<void> = Promise.resolve();
  private lostWith: PeerLost | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly waiting = new Set<{ resolve: () => void; reject: (error: ZegoError) => void }>();

  constructor(
    readonly direction: PeerDirection,
    private readonly logger: Logger,
    private readonly onLost: (peer: Peer, error: PeerLost) => void,
    private readonly onDoubt: () => void,
  ) {
    // Unique within a log-in is asked for; the time keeps ids of a page's earlier log-ins apart in the records.
    this.id = `${direction === "sendonly" ? "s" : "r"}${++lastPeerNumber}-${Date.now().toString(36)}`;
    this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.connection.onconnectionstatechange = () => this.stateChanged();
  }

  get lost(): boolean {
    return this.lostWith !== null;
  }

  /** A free transceiver of the kind, or a new one. The caller sets track, codecs and parameters. */
  acquire(kind: MediaKind, streamID: string, init: RTCRtpTransceiverInit = {}): Slot {
    const free = this.slots.find((slot) => slot.kind === kind && slot.streamID === null);
    if (free !== undefined) {
      free.streamID = streamID;
      free.transceiver.direction = this.direction;
      return free;
    }
    const transceiver = this.addTransceiver(kind, init);
    const slot: Slot = { kind, transceiver, streamID };
    this.slots.push(slot);
    return slot;
  }

  private addTransceiver(kind: MediaKind, init: RTCRtpTransceiverInit): RTCRtpTransceiver {
    try {
      return this.connection.addTransceiver(kind, { ...init, direction: this.direction });
    } catch (thrown) {
      if (init.sendEncodings === undefined) throw thrown;
      // A browser without encodings: the numbers are set once it flows, if it can do that at all.
      return this.connection.addTransceiver(kind, { direction: this.direction });
    }
  }

  /** Stops media in the slot with the next offer; it still belongs to its stream. */
  deactivate(slot: Slot): void {
    if (!this.lost) slot.transceiver.direction = "inactive";
  }

  release(slot: Slot): void {
    this.deactivate(slot);
    slot.streamID = null;
  }

  negotiate(negotiation: Negotiation): Promise<void> {
    const run = this.queue.then(() => this.runOne(negotiation));
    this.queue = run.catch(() => undefined);
    return run;
  }

  /** Resolves when media can flow. */
  connected(): Promise<void> {
    if (this.lostWith !== null) return Promise.reject(this.lostWith);
    if (this.connection.connectionState === "connected") return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.add({ resolve, reject }));
  }

  getStats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  /** Whoever still waits for this peer hears `error`; `onLost` is called as well, unless the caller wanted it closed. */
  close(error: PeerLost, report = false): void {
    if (this.lostWith !== null) return;
    this.lostWith = error;
    this.clearTimer();
    this.connection.onconnectionstatechange = null;
    this.connection.close();
    for (const each of this.waiting) each.reject(error);
    this.waiting.clear();
    if (report) this.onLost(this, error);
  }

  private async runOne(negotiation: Negotiation): Promise<void> {
    this.throwIfLost();
    if (!(await negotiation.prepare(this))) return;
    let sdp: string;
    try {
      await this.connection.setLocalDescription(await this.connection.createOffer());
      sdp = this.connection.localDescription?.sdp ?? "";
    } catch (thrown) {
      this.throwIfLost();
      throw toZegoError(thrown, this.direction === "sendonly" ? Code.PUBLISH_OFFER : Code.PLAY_OFFER);
    }
    let reply: Reply;
    try {
      reply = await negotiation.sendOffer({ peerConnectionId: this.id, sdp, tracks: this.bindings() });
    } catch (thrown) {
      this.throwIfLost();
      await this.undo(thrown);
      throw thrown;
    }
    this.throwIfLost();
    const answer = reply.answer?.sdp;
    if (answer === undefined) {
      // The relay had nothing left to answer with; the next offer says the same again.
      await this.connection.setLocalDescription({ type: "rollback" });
      return;
    }
    await this.take(negotiation.amend?.(answer) ?? answer);
  }

  private async take(sdp: string): Promise<void> {
    try {
      await this.connection.setRemoteDescription({ type: "answer", sdp });
    } catch (thrown) {
      this.throwIfLost();
      // Both sides now believe different things; only a new connection repairs that.
      this.logger.error("answer-rejected", { peer_connection_id: this.id, name: (thrown as Error).name });
      this.lose(this.connectCode(), "The answer could not be applied.");
    }
    this.throwIfLost();
    if (this.connection.connectionState !== "connected" && this.timer === null) {
      this.timer = setTimeout(() => this.loseQuietly("The media connection did not come up."), CONNECT_TIMEOUT_MS);
    }
  }

  /** A refused offer is taken back; after any other failure nobody knows what the relay did with it. */
  private async undo(thrown: unknown): Promise<void> {
    if (!(thrown instanceof RequestFailed) || thrown.reason === "transport-not-found") {
      this.lose(this.connectCode(), "The relay's view of the media connection is unknown.");
    }
    try {
      await this.connection.setLocalDescription({ type: "rollback" });
    } catch {
      this.throwIfLost();
      this.lose(this.connectCode(), "The offer could not be taken back.");
    }
  }

  private bindings(): Offer["tracks"] {
    return this.slots.flatMap(({ transceiver, streamID }) =>
      streamID !== null && transceiver.mid !== null && transceiver.direction !== "inactive"
        ? [{ mid: transceiver.mid, streamId: streamID }]
        : [],
    );
  }

  private stateChanged(): void {
    const state = this.connection.connectionState;
    this.logger.debug("peer-connection-state", { peer_connection_id: this.id, state });
    if (state === "connected") {
      this.clearTimer();
      for (const each of this.waiting) each.resolve();
      this.waiting.clear();
    } else if (state === "disconnected") {
      this.onDoubt();
      this.clearTimer();
      this.timer = setTimeout(() => this.loseQuietly("The media connection was interrupted."), DISCONNECTED_GRACE_MS);
    } else if (state === "failed" || state === "closed") {
      this.loseQuietly("The media connection failed.");
    }
  }

  private connectCode(): number {
    return this.direction === "sendonly" ? Code.PUBLISH_ICE_FAILED : Code.PLAY_ICE_FAILED;
  }

  private loseQuietly(sentence: string): void {
    this.close(new PeerLost(this.connectCode(), sentence), true);
  }

  private lose(code: number, sentence: string): never {
    const error = new PeerLost(code, sentence);
    this.close(error, true);
    throw error;
  }

  private throwIfLost(): void {
    if (this.lostWith !== null) throw this.lostWith;
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
