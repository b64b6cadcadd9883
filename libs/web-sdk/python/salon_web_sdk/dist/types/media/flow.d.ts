import { PeerLost, RequestFailed, type ZegoError } from "../errors.js";
import { StateMachine } from "../state-machine.js";
import type { ClientBody, Offer, Reply } from "../signaling/wire.js";
import type { Peer, PeerDirection, Slot } from "./peer.js";
export type FlowState = "IDLE" | "NEGOTIATING" | "ACTIVE" | "WAITING" | "ENDED";
export declare const FLOW_ALLOWED: Readonly<Record<FlowState, readonly FlowState[]>>;
export interface FlowPort {
    peer(direction: PeerDirection): Peer;
    request(body: ClientBody): Promise<Reply>;
    retryTimeMs(): number;
}
/** One stream on its way out or in: asks, retries after interruptions, and ends once. */
export declare abstract class MediaFlow {
    readonly streamID: string;
    protected readonly port: FlowPort;
    private readonly direction;
    private readonly retryTimeoutError;
    protected readonly machine: StateMachine<FlowState>;
    protected slots: Slot[];
    protected peer: Peer | null;
    private readonly backoff;
    private readonly overloadBackoff;
    private attempt;
    private failures;
    private activeSinceMs;
    /** The server may believe that the stream flows. */
    private announced;
    private retryTimer;
    private deadlineTimer;
    protected constructor(streamID: string, port: FlowPort, direction: PeerDirection, retryTimeoutError: () => ZegoError);
    get state(): FlowState;
    start(): void;
    /** The app's wish. */
    stop(): void;
    /** Media stopped for a reason that may pass; `wake` or, unless `patient`, a timer tries again. */
    interrupt(error: ZegoError, patient: boolean): void;
    /** A good moment to try again. */
    wake(): void;
    peerLost(peer: Peer, error: PeerLost): void;
    protected abstract prepareSlots(peer: Peer): Promise<void>;
    protected abstract announce(offer: Offer): Promise<Reply>;
    protected abstract withdraw(offer: Offer | undefined): Promise<Reply>;
    protected abstract answered(): void;
    protected abstract releaseSlot(peer: Peer, slot: Slot): Promise<void>;
    protected abstract report(state: FlowState, error: ZegoError | null): void;
    protected abstract isFinal(error: RequestFailed): boolean;
    protected amend(sdp: string): string;
    protected get wasActive(): boolean;
    /** Ends it: for good, with the reason, or because the app said so. */
    end(error: ZegoError | null): void;
    private become;
    private negotiate;
    private run;
    private succeeded;
    private failed;
    private wait;
    private pauseMs;
    private leave;
    private armDeadline;
    private clearRetry;
    private clearTimers;
}
