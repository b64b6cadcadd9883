import type { WebSocketLike } from "../src/signaling/socket.js";
import type { Reply, ServerMessage } from "../src/signaling/messages.js";

export type Sent = { requestId: number } & Record<string, Record<string, unknown> | number>;

/** The other end of the WebSockets a connection opens. */
export class FakeServer {
  readonly urls: string[] = [];
  readonly sockets: FakeSocket[] = [];

  readonly factory = (url: string): WebSocketLike => {
    this.urls.push(url);
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  /** Opens the newest socket and answers its log-in. */
  accept(loggedIn: Record<string, unknown> = {}): FakeSocket {
    const socket = this.last;
    socket.onopen?.();
    socket.reply(socket.find("login"), { loggedIn: { sessionId: "s1", resumeKey: "k1", ...loggedIn } } as Reply, "10");
    return socket;
  }
}

export class FakeSocket implements WebSocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event?: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Sent[] = [];
  readyState = 1;
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {
    this.closed = true;
  }

  drop(code = 1006): void {
    this.onclose?.({ code });
  }

  push(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  find(body: string): Sent {
    const found = this.sent.findLast((each) => body in each);
    if (found === undefined) throw new Error(`nothing sent with ${body}`);
    return found;
  }

  has(body: string): boolean {
    return this.sent.some((each) => body in each);
  }

  reply(to: Sent, result: Reply, sequence?: string): void {
    this.push({ sequence, reply: { requestId: to.requestId, ...result } });
  }
}
