import type { BeautyOutlet } from "../beauty/beauty.js";
import { RequestFailed, ZegoError } from "../errors.js";
import type { ZegoPublishOption, ZegoPublisherState } from "../entities/index.js";
import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { EffectsSet, Offer, Reply, StreamEffects } from "../signaling/wire.js";
import { MediaFlow, type FlowPort, type FlowState } from "./flow.js";
import type { MediaKind, Peer, Slot } from "./peer.js";
export interface PublisherPort extends FlowPort {
    publisherState(state: ZegoPublisherState): void;
    publisherEnded(publisher: Publisher): void;
    publisherActive(publisher: Publisher): void;
    /** What of the stream is muted. */
    mutedChanged(publisher: Publisher): void;
    /** The token of the log-in has ended: logs in with a newer one, if the app gave one. */
    logInAnew(): boolean;
}
/** One local stream on its way to the relay. */
export declare class Publisher extends MediaFlow implements BeautyOutlet {
    readonly stream: ZegoLocalStream;
    private readonly option;
    private readonly publisherPort;
    private lastReport;
    /** Sent instead of the camera's picture while the preview is kept. */
    private dark;
    /** Sent while the camera gives nothing. */
    private black;
    /** Runs while the bandwidth estimate is not to be believed yet. */
    private settling;
    /** Those who wait for the end of a negotiation. */
    private waiting;
    private readonly muteReport;
    constructor(streamID: string, stream: ZegoLocalStream, option: ZegoPublishOption, publisherPort: PublisherPort);
    /** Black for the others, while the preview goes on. */
    darken(mute: boolean): Promise<void>;
    /** The device began or ceased to give something. */
    sourceChanged(kind: MediaKind): Promise<void>;
    /** The stream goes on with another track. */
    trackReplaced(track: MediaStreamTrack): Promise<void>;
    /** A kind of the stream is muted or not any more: the others are told. */
    muteChanged(): void;
    get publishing(): boolean;
    settled(): Promise<void>;
    setEffects(effects: StreamEffects): Promise<EffectsSet>;
    protected prepareSlots(peer: Peer): Promise<void>;
    protected announce(offer: Offer): Promise<Reply>;
    protected withdraw(offer: Offer | undefined): Promise<Reply>;
    protected amend(sdp: string): string;
    protected answered(): void;
    protected releaseSlot(peer: Peer, slot: Slot): Promise<void>;
    protected isFinal(error: RequestFailed): boolean;
    protected report(state: FlowState, error: ZegoError | null): void;
    /** Of a call that changes nothing: the state as it is, with the call's error. */
    tell(error: ZegoError): void;
    private source;
    /** What leaves: the track itself, or black. */
    private outgoing;
    private preferCodec;
    private stopSettling;
    /** Also for a reused transceiver, which still has its former stream's numbers. */
    private applyParameters;
}
