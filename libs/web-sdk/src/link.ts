import { parseServerMessage, type ServerMessage } from "./wire.js";

/** What a WebSocket needs to have; tests pass their own. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export type SocketFactory = (url: string) => SocketLike;

export const openWebSocket: SocketFactory = (url) => new WebSocket(url) as unknown as SocketLike;

export interface LinkListener {
  linkOpened(): void;
  linkMessage(message: ServerMessage): void;
  linkLost(): void;
}

/** One WebSocket. After `linkLost` or `close` it says nothing any more. */
export class Link {
  private socket: SocketLike | null = null;
  private openTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(url: string, factory: SocketFactory, openTimeoutMs: number, listener: LinkListener) {
    const lost = (): void => {
      if (this.socket === null) return;
      this.close();
      listener.linkLost();
    };
    let socket: SocketLike;
    try {
      socket = factory(url);
    } catch {
      // A blocked address throws at once; report it like any other failed attempt, after the caller has this object.
      this.socket = null;
      queueMicrotask(() => listener.linkLost());
      return;
    }
    this.socket = socket;
    this.openTimer = setTimeout(lost, openTimeoutMs);
    socket.onopen = () => {
      this.clearTimer();
      listener.linkOpened();
    };
    socket.onmessage = (event) => {
      const message = parseServerMessage(event.data);
      if (message !== null) listener.linkMessage(message);
    };
    socket.onclose = lost;
    socket.onerror = lost;
  }

  send(message: object): void {
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
