import type { Trouble } from "./reconnect-schedule.js";
import { type ServerMessage } from "./wire.js";
/** What a WebSocket needs to have; tests pass their own. */
export interface SocketLike {
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
    send(message: object): void;
    close(): void;
    private clearTimer;
}
