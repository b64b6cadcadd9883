import type { Trouble } from "./reconnect-schedule.js";
import type { ClientMessage, ServerMessage } from "./messages.js";

/** What a WebSocket needs to have; tests pass their own. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event?: { code: number }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export type WebSocketFactory = (url: string) => WebSocketLike;

export const openWebSocket: WebSocketFactory = (url) => new WebSocket(url) as unknown as WebSocketLike;

/** Text is what may go to another origin without asking it first. Nobody is there any more to read an answer. */
export const sendBeacon = (url: string, text: string): void => {
  try {
    if (globalThis.navigator?.sendBeacon?.(url, text)) return;
    void fetch(url, { method: "POST", body: text, keepalive: true, mode: "no-cors" }).catch(() => undefined);
  } catch {
    // A page that may not connect there: the log-in ends by itself a moment later.
  }
};

export interface SocketListener {
  socketOpened(): void;
  socketMessage(message: ServerMessage): void;
  socketLost(trouble: Trouble): void;
}

/** `WebSocket.OPEN`, which need not be there in tests. */
const OPEN = 1;

/** "Too many connections" of this service, and "try again later" of whatever stands before it. */
const OVERLOADED_CLOSE_CODES: readonly number[] = [4429, 1013];

/** One WebSocket. After `socketLost` or `close` it says nothing any more. */
export class Socket {
  private socket: WebSocketLike | null = null;
  private openTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(url: string, factory: WebSocketFactory, openTimeoutMs: number, listener: SocketListener) {
    const lost = (trouble: Trouble): void => {
      if (this.socket === null) return;
      this.close();
      listener.socketLost(trouble);
    };
    let socket: WebSocketLike;
    try {
      socket = factory(url);
    } catch {
      // A blocked address throws at once; report it like any other failed attempt, after the caller has this object.
      this.socket = null;
      queueMicrotask(() => listener.socketLost("unreachable"));
      return;
    }
    this.socket = socket;
    this.openTimer = setTimeout(() => lost("unanswered"), openTimeoutMs);
    socket.onopen = () => {
      this.clearTimer();
      listener.socketOpened();
    };
    socket.onmessage = (event) => {
      const message = parsed(event.data);
      if (message !== null) listener.socketMessage(message);
    };
    socket.onclose = (event) => lost(OVERLOADED_CLOSE_CODES.includes(event?.code ?? 0) ? "overloaded" : "unreachable");
    socket.onerror = () => lost("unreachable");
  }

  /** What is sent now goes out: browsers close sockets of their own accord, and say so only afterwards. */
  get isOpen(): boolean {
    return this.socket?.readyState === OPEN;
  }

  send(message: ClientMessage): void {
    this.socket?.send(JSON.stringify(message));
  }

  close(): void {
    this.clearTimer();
    const socket = this.socket;
    if (socket === null) return;
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    try {
      socket.close();
    } catch {
      // Closing a socket that is already broken has nothing left to do.
    }
  }

  private clearTimer(): void {
    if (this.openTimer !== null) clearTimeout(this.openTimer);
    this.openTimer = null;
  }
}

/** Null for what is no JSON object; fields that this version does not know are left alone. */
function parsed(text: unknown): ServerMessage | null {
  if (typeof text !== "string") return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ServerMessage) : null;
  } catch {
    return null;
  }
}
