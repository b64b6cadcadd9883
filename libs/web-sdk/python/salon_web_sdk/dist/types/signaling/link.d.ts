import type { Trouble } from "./reconnect-schedule.js";
import { type ServerMessage } from "./wire.js";
/** What a WebSocket needs to have; tests pass their own. */
export interface SocketLike {
    readonly readyState: number;
    onopen: (() => void) | null;
    onmessage: ((event: {
        data: unknown;
    }) => void) | null;
    onclose: ((event?: {
        code: number;
    }) => void) | null;
    onerror: (() => void) | null;
    send(text: string): void;
    close(): void;
}
export type SocketFactory = (url: string) => SocketLike;
export declare const openWebSocket: SocketFactory;
/** Text is what may go to another origin without asking it first. Nobody is there any more to read an answer. */
export declare const sendBeacon: (url: string, text: string) => void;
export interface LinkListener {
    linkOpened(): void;
    linkMessage(message: ServerMessage): void;
    linkLost(trouble: Trouble): void;
}
/** One WebSocket. After `linkLost` or `close` it says nothing any more. */
export declare class Link {
    private socket;
    private openTimer;
    constructor(url: string, factory: SocketFactory, openTimeoutMs: number, listener: LinkListener);
    /** What is sent now goes out: browsers close sockets of their own accord, and say so only afterwards. */
    get isOpen(): boolean;
    send(message: object): void;
    close(): void;
    private clearTimer;
}
