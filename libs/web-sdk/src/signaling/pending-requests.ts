import { Code } from "../codes.js";
import { RequestFailed, ZegoError } from "../errors.js";
import type { ClientMessage, ClientMessageBody, Reply } from "./messages.js";

interface Pending {
  /** 0 until first sent. A repeat after a lost connection keeps its id, so that the server can tell it is one. */
  id: number;
  onWire: boolean;
  body: ClientMessageBody;
  resolve: (reply: Reply) => void;
  reject: (error: ZegoError) => void;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Requests without a reply yet, in the order they were made. */
export class PendingRequests {
  private readonly list: Pending[] = [];
  private lastId = 0;

  constructor(
    private readonly timeoutMs: number,
    private readonly onTimeout: () => void,
  ) {}

  nextId(): number {
    return ++this.lastId;
  }

  add(body: ClientMessageBody): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.list.push({ id: 0, onWire: false, body, resolve, reject, timer: null });
    });
  }

  /** Sends what is not on the wire; after a resume that includes requests whose replies were lost. */
  flush(send: (message: ClientMessage) => void): void {
    for (const each of this.list) {
      if (each.onWire) continue;
      if (each.id === 0) each.id = this.nextId();
      each.onWire = true;
      each.timer = setTimeout(() => this.expire(each), this.timeoutMs);
      send({ requestId: each.id, ...numbered(each.body, each.id) });
    }
  }

  settle(reply: Reply): void {
    const pending = this.list.find((each) => each.id !== 0 && each.id === reply.requestId);
    if (pending === undefined) return;
    this.remove(pending);
    const failed = reply.failed;
    if (failed === undefined) pending.resolve(reply);
    else pending.reject(toRequestFailed(failed));
  }

  connectionLost(): void {
    for (const each of this.list) {
      each.onWire = false;
      if (each.timer !== null) clearTimeout(each.timer);
      each.timer = null;
    }
  }

  /** A new log-in took the old one's place: offers were made for it, and a repeated message could arrive twice. */
  rejectStale(error: ZegoError): void {
    for (const each of [...this.list]) {
      if (each.id === 0 && "sendMessage" in each.body) continue;
      this.remove(each);
      each.reject(error);
    }
  }

  rejectAll(error: ZegoError): void {
    for (const each of [...this.list]) {
      this.remove(each);
      each.reject(error);
    }
  }

  private expire(pending: Pending): void {
    this.remove(pending);
    pending.reject(new ZegoError(Code.REQUEST_TIMEOUT, "The server did not answer in time."));
    this.onTimeout();
  }

  private remove(pending: Pending): void {
    if (pending.timer !== null) clearTimeout(pending.timer);
    this.list.splice(this.list.indexOf(pending), 1);
  }
}

/** A message carries its id as well: what is repeated after a resume is stored once. */
function numbered(body: ClientMessageBody, id: number): ClientMessageBody {
  return "sendMessage" in body ? { sendMessage: { ...body.sendMessage, messageNumber: id } } : body;
}

export function toRequestFailed(failed: NonNullable<Reply["failed"]>): RequestFailed {
  return new RequestFailed(
    failed.code || Code.UNKNOWN_SERVER_ERROR,
    failed.message || "The server refused the request.",
    failed.reason ?? "",
    failed.retryable === true,
  );
}
