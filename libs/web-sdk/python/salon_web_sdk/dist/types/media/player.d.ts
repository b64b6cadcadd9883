import { RequestFailed, ZegoError } from "../errors.js";
import type { ZegoPlayOption, ZegoPlayerState } from "../entities/index.js";
import type { Offer, Reply } from "../signaling/wire.js";
import { MediaFlow, type FlowPort, type FlowState } from "./flow.js";
import type { MediaKind, Peer, Slot } from "./peer.js";
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
/** One stream on its way from the relay, as one MediaStream that lives through interruptions. */
export declare class Player extends MediaFlow {
    private readonly option;
    private readonly playerPort;
    readonly media: MediaStream;
    /** Settles when the tracks are there, or with the reason why there will be none. */
    readonly ready: Promise<MediaStream>;
    private settle;
    private lastReport;
    /** What the app was told is muted; a stream begins as open. */
    private muted;
    constructor(streamID: string, option: ZegoPlayOption, playerPort: PlayerPort);
    /** It played, and is on its way to play again. */
    get interrupted(): boolean;
    get hasPlayed(): boolean;
    /** The kinds of which the app is to be told, and whether they are muted now; none while nothing is played. */
    learnMuted(mutedKinds: readonly string[]): {
        kind: MediaKind;
        muted: boolean;
    }[];
    protected prepareSlots(peer: Peer): Promise<void>;
    protected announce(offer: Offer): Promise<Reply>;
    protected withdraw(offer: Offer | undefined): Promise<Reply>;
    protected answered(): void;
    protected releaseSlot(peer: Peer, slot: Slot): Promise<void>;
    protected isFinal(error: RequestFailed): boolean;
    protected report(state: FlowState, error: ZegoError | null): void;
    private wants;
    /** The transceiver will serve another stream: its track must not stay in this one's MediaStream. */
    private drop;
}
