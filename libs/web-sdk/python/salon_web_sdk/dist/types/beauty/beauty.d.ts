import type { ZegoServerResponse } from "../entities/index.js";
import type { EffectsSet, StreamEffects } from "../signaling/wire.js";
import { type Strengths } from "./effects.js";
/** One publication of the stream. */
export interface BeautyOutlet {
    readonly streamID: string;
    /** The server knows the stream and can change it. */
    readonly publishing: boolean;
    /** Resolves when a negotiation under way has come to an end, good or bad. */
    settled(): Promise<void>;
    setEffects(effects: StreamEffects): Promise<EffectsSet>;
}
export interface BeautyPort {
    outlets(): BeautyOutlet[];
    /** 1103075: the others see the original although effects are on. 0: no longer. */
    error(errorCode: number, extendedData: string): void;
}
/**
 * What the app wants one local stream to look like. The cloud does it: the wish goes along with every publish, and
 * after every change while publishing, one request at a time, the newest values last.
 */
export declare class Beauty {
    private wished;
    /** Counts changes, so that a change during a request is seen after it. */
    private version;
    private waiters;
    private working;
    private lastSentMs;
    /** Publications whose viewers see the original although effects are on. */
    private readonly unavailable;
    private readonly watchers;
    private port;
    connect(port: BeautyPort): void;
    /** For a publish: absent if the app never said anything. */
    get effects(): StreamEffects | undefined;
    /** What the publisher's own picture should look like: as the others see it. */
    get shown(): Strengths | null;
    /** Calls back after every change of `shown`, until the function returned is called. */
    watch(changed: () => void): () => void;
    /** Resolves when the newest wish is in place, be it this one or one that overtook it. */
    set(effects: StreamEffects): Promise<ZegoServerResponse>;
    /** The stream is destroyed: off, if anything still carries it. */
    end(): void;
    /** The media of a publication flows (again). */
    published(outlet: BeautyOutlet): void;
    unpublished(streamID: string): void;
    /** What the viewers of a publication get now. */
    heard(streamID: string, { state, problem }: EffectsSet): void;
    private work;
    /** Waits for negotiations under way, and for the next request's turn. */
    private ready;
    private send;
    private sendTo;
    private tellWatchers;
}
