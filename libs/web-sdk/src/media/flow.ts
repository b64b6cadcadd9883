import { Backoff, OVERLOAD_PAUSES } from "../backoff.js";
import { PeerLost, RequestFailed, type ZegoError, toZegoError } from "../errors.js";
import { StateMachine } from "../state-machine.js";
import type { ClientMessageBody, Offer, Reply } from "../signaling/messages.js";
import type { Peer, PeerDirection, Slot } from "./peer.js";

export type FlowState = "IDLE" | "NEGOTIATING" | "ACTIVE" | "WAITING" | "ENDED";

export const FLOW_ALLOWED: Readonly<Record<FlowState, readonly FlowState[]>> = {
  IDLE: ["NEGOTIATING", "ENDED"],
  NEGOTIATING: ["ACTIVE", "WAITING", "ENDED"],
  ACTIVE: ["WAITING", "ENDED"],
  WAITING: ["NEGOTIATING", "WAITING", "ENDED"],
  ENDED: [],
};

export interface FlowPort {
  peer(direction: PeerDirection): Peer;
  request(body: ClientMessageBody): Promise<Reply>;
  retryTimeMs(): number;
}

/** An interruption this soon after a success is part of the same trouble and does not restart the back-off. */
const STABLE_MS = 5_000;

/** One stream on its way out or in: asks, retries after interruptions, and ends once. */
export abstract class MediaFlow {
  protected readonly machine = new StateMachine<FlowState>("IDLE", FLOW_ALLOWED, "stream");
  protected slots: Slot[] = [];
  protected peer: Peer | null = null;
  private readonly backoff = new Backoff({ firstMs: 250, maxMs: 5_000 });
  private readonly overloadBackoff = new Backoff(OVERLOAD_PAUSES);
  private attempt = 0;
  private failures = 0;
  private activeSinceMs = 0;
  /** The server may believe that the stream flows. */
  private announced = false;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private deadlineTimer: ReturnType<typeof setTimeout> | null = null;

  protected constructor(
    readonly streamID: string,
    protected readonly port: FlowPort,
    private readonly direction: PeerDirection,
    private readonly retryTimeoutError: () => ZegoError,
  ) {}

  get state(): FlowState {
    return this.machine.state;
  }

  start(): void {
    this.negotiate();
  }

  /** The app wants it so. */
  stop(): void {
    this.end(null);
  }

  /** Media stopped for a reason that may pass; `wake` or, unless `patient`, a timer tries again. */
  interrupt(error: ZegoError, patient: boolean): void {
    if (!this.machine.is("ACTIVE", "NEGOTIATING", "WAITING")) return;
    const peer = this.peer;
    if (peer !== null) for (const slot of this.slots) peer.deactivate(slot);
    this.wait(error, patient);
  }

  /** A good moment to try again. */
  wake(): void {
    if (this.machine.is("WAITING")) this.negotiate();
  }

  peerLost(peer: Peer, error: PeerLost): void {
    if (this.peer !== peer) return;
    this.slots = [];
    this.peer = null;
    // While negotiating, the negotiation itself fails with the same error.
    if (this.machine.is("ACTIVE")) this.wait(error, false);
  }

  protected abstract prepareSlots(peer: Peer): Promise<void>;
  protected abstract announce(offer: Offer): Promise<Reply>;
  protected abstract withdraw(offer: Offer | undefined): Promise<Reply>;
  protected abstract answered(): void;
  protected abstract releaseSlot(peer: Peer, slot: Slot): Promise<void>;
  protected abstract report(state: FlowState, error: ZegoError | null): void;
  protected abstract isFinal(error: RequestFailed): boolean;
  protected amend(sdp: string): string {
    return sdp;
  }

  protected get wasActive(): boolean {
    return this.activeSinceMs !== 0;
  }

  /** Ends it: for good, with the reason, or because the app said so. */
  end(error: ZegoError | null): void {
    if (this.machine.is("ENDED")) return;
    this.clearTimers();
    this.attempt += 1;
    this.become("ENDED", error);
    this.leave();
  }

  private become(state: FlowState, error: ZegoError | null): void {
    this.machine.become(state);
    this.report(state, error);
  }

  private negotiate(): void {
    this.clearRetry();
    this.become("NEGOTIATING", null);
    if (!this.machine.is("NEGOTIATING")) return;
    this.armDeadline();
    const attempt = ++this.attempt;
    const present = (): boolean => attempt === this.attempt && this.machine.is("NEGOTIATING");
    this.run(present).then(
      () => present() && this.succeeded(),
      (thrown: unknown) => present() && this.failed(toZegoError(thrown, this.retryTimeoutError().errorCode)),
    );
  }

  private async run(present: () => boolean): Promise<void> {
    const peer = this.port.peer(this.direction);
    await peer.negotiate({
      prepare: async () => {
        if (!present()) return false;
        if (this.peer !== peer) this.slots = [];
        this.peer = peer;
        await this.prepareSlots(peer);
        return true;
      },
      sendOffer: async (offer) => {
        this.announced = true;
        try {
          return await this.announce(offer);
        } catch (thrown) {
          if (thrown instanceof RequestFailed) this.announced = false;
          throw thrown;
        }
      },
      amend: (sdp) => this.amend(sdp),
    });
    if (!present()) return;
    this.answered();
    await peer.connected();
  }

  private succeeded(): void {
    this.clearTimers();
    this.activeSinceMs = performance.now();
    this.become("ACTIVE", null);
  }

  private failed(error: ZegoError): void {
    const passes = error instanceof PeerLost || (error instanceof RequestFailed && !this.isFinal(error));
    if (passes) this.wait(error, false);
    else this.end(error);
  }

  private wait(error: ZegoError, patient: boolean): void {
    const wasStable = this.machine.is("ACTIVE") && performance.now() - this.activeSinceMs > STABLE_MS;
    if (wasStable) {
      this.failures = 0;
      this.backoff.reset();
      this.overloadBackoff.reset();
    }
    this.attempt += 1;
    this.clearRetry();
    this.become("WAITING", error);
    if (!this.machine.is("WAITING")) return;
    this.armDeadline();
    if (patient) return;
    this.retryTimer = setTimeout(() => this.wake(), this.pauseMs(error));
  }

  private pauseMs(error: ZegoError): number {
    if (this.failures++ === 0 && error instanceof PeerLost) return 0;
    const overloaded = error instanceof RequestFailed && error.reason === "rate-limited";
    return (overloaded ? this.overloadBackoff : this.backoff).nextMs();
  }

  private leave(): void {
    const peer = this.peer;
    const withdraw = (offer?: Offer): Promise<Reply> => {
      this.announced = false;
      return this.withdraw(offer);
    };
    if (peer === null || peer.lost) {
      if (this.announced) withdraw().catch(() => undefined);
      return;
    }
    peer
      .negotiate({
        prepare: async () => {
          for (const slot of this.slots) await this.releaseSlot(peer, slot);
          this.slots = [];
          return this.announced;
        },
        sendOffer: withdraw,
      })
      // Without the media connection the stream still has to go.
      .catch(() => withdraw())
      .catch(() => undefined);
  }

  private armDeadline(): void {
    if (this.deadlineTimer !== null) return;
    this.deadlineTimer = setTimeout(() => this.end(this.retryTimeoutError()), this.port.retryTimeMs());
  }

  private clearRetry(): void {
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.retryTimer = null;
  }

  private clearTimers(): void {
    this.clearRetry();
    if (this.deadlineTimer !== null) clearTimeout(this.deadlineTimer);
    this.deadlineTimer = null;
  }
}
