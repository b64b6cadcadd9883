import { RequestFailed, ZegoError } from "../errors.js";
import type { ClientBody, Reply } from "./wire.js";
/** Requests without a reply yet, in the order they were made. */
export declare class PendingRequests {
    private readonly timeoutMs;
    private readonly onTimeout;
    private readonly list;
    private lastId;
    constructor(timeoutMs: number, onTimeout: () => void);
    nextId(): number;
    add(body: ClientBody): Promise<Reply>;
    /** Sends what is not on the wire; after a resume that includes requests whose replies were lost. */
    flush(send: (message: object) => void): void;
    settle(reply: Reply): void;
    connectionLost(): void;
    /** A new log-in took the old one's place: offers were made for it, and a repeated message could arrive twice. */
    rejectStale(error: ZegoError): void;
    rejectAll(error: ZegoError): void;
    private expire;
    private remove;
}
export declare function toRequestFailed(failed: NonNullable<Reply["failed"]>): RequestFailed;
