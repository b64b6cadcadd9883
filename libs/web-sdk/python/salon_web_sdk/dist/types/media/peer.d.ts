import { PeerLost } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Offer, Reply } from "../signaling/wire.js";
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
    exchange: (offer: Offer) => Promise<Reply>;
    /** A last look at the answer before the browser takes it. */
    amend?: (sdp: string) => string;
}
/** One RTCPeerConnection. Offers go out one at a time; once lost it is never used again. */
export declare class Peer {
    readonly direction: PeerDirection;
    private readonly logger;
    private readonly onLost;
    private readonly onDoubt;
    readonly id: string;
    private readonly connection;
    private readonly slots;
    private queue;
    private lostWith;
    private timer;
    private readonly waiting;
    constructor(direction: PeerDirection, logger: Logger, onLost: (peer: Peer, error: PeerLost) => void, onDoubt: () => void);
    get lost(): boolean;
    /** A free transceiver of the kind, or a new one. The caller sets track, codecs and parameters. */
    acquire(kind: MediaKind, streamID: string, init?: RTCRtpTransceiverInit): Slot;
    private addTransceiver;
    /** Stops media in the slot with the next offer; it still belongs to its stream. */
    deactivate(slot: Slot): void;
    release(slot: Slot): void;
    negotiate(negotiation: Negotiation): Promise<void>;
    /** Resolves when media can flow. */
    connected(): Promise<void>;
    getStats(): Promise<RTCStatsReport>;
    /** Whoever still waits for this peer hears `error`; `onLost` is told as well, unless it was the caller's wish. */
    close(error: PeerLost, tell?: boolean): void;
    private runOne;
    private take;
    /** A refused offer is taken back; after any other failure nobody knows what the relay did with it. */
    private undo;
    private bindings;
    private stateChanged;
    private connectCode;
    private loseQuietly;
    private lose;
    private throwIfLost;
    private clearTimer;
}
