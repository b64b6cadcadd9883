/** Why there is no connection. */
export type Trouble = 
/** The socket went, or none could be opened: the next one may succeed at once. */
"unreachable"
/** Somebody is there and does not answer in time. */
 | "unanswered"
/** The server answered that it cannot at the moment. */
 | "refused"
/** The server has more than it takes: `rate-limited`, or too many connections. */
 | "overloaded";
/** When to try again, and how long to wait for each try, from the loss of a connection until one that lasts. */
export declare class ReconnectSchedule {
    private readonly random;
    private pace;
    private quickTries;
    private unanswered;
    private troubledSinceMs;
    private readonly growing;
    private readonly long;
    constructor(random?: () => number);
    /** The pause before the next try: from 1 ms, for whoever shall not be tried in the same turn. */
    nextMs(trouble: Trouble, nowMs: number): number;
    /** For a WebSocket to open. */
    get openTimeoutMs(): number;
    /** For a log-in or a resume to be answered. */
    get handshakeTimeoutMs(): number;
    reset(): void;
    private quickMs;
    private grown;
}
