import type { ZegoServerResponse } from "./entities/index.js";
/** What rejected promises carry. All five properties: newer apps read the first two, older ones the rest. */
export declare class ZegoError extends Error implements ZegoServerResponse {
    readonly errorCode: number;
    readonly extendedData: string;
    readonly code: number;
    readonly msg: string;
    constructor(code: number, message: string, details?: Record<string, unknown>);
}
/** An error of ours, whatever was thrown. */
export declare function toZegoError(thrown: unknown, fallbackCode: number): ZegoError;
/** The server refused a request. */
export declare class RequestFailed extends ZegoError {
    readonly reason: string;
    readonly retryable: boolean;
    constructor(code: number, message: string, reason: string, retryable: boolean);
}
/** The peer connection a request was meant for is gone; the same is worth trying with a new one. */
export declare class PeerLost extends ZegoError {
}
