import type { MediaKind } from "./peer.js";
/** Keeps what the server knows of a stream's muted kinds at the newest: one request at a time, and not all of them. */
export declare class MuteReport {
    private readonly present;
    private readonly send;
    private told;
    private asking;
    private timer;
    private readonly pauses;
    private over;
    constructor(present: () => MediaKind[], send: (mutedKinds: MediaKind[]) => Promise<unknown>);
    /** What the stream is announced with. */
    announced(): MediaKind[];
    /** The stream is there, and something may have changed since it was announced. */
    refresh(): void;
    stop(): void;
    private failed;
}
