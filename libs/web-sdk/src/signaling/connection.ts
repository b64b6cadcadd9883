// Longer than other files: the transitions of one state machine, which are read together.
import { Code } from "../codes.js";
import { ZegoError } from "../errors.js";
import type { Logger } from "../logger.js";
import { PendingRequests, toRequestFailed } from "./pending-requests.js";
import type { Trouble } from "./reconnect-schedule.js";
import { Socket, type WebSocketFactory } from "./socket.js";
import { Timers } from "./timers.js";
import { StateMachine } from "../state-machine.js";
import { VERSION } from "../version.js";
import { Attempts } from "./attempts.js";
import { LogIn } from "./log-in.js";
import type { ClientMessageBody, Failed, LoggedIn, Login, Reply, ServerMessage } from "./messages.js";

type ConnectionState = "IDLE" | "LOGGING_IN" | "READY" | "RECONNECTING" | "CLOSED";

const ALLOWED: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  IDLE: ["LOGGING_IN", "CLOSED"],
  LOGGING_IN: ["READY", "CLOSED"],
  READY: ["RECONNECTING", "CLOSED"],
  RECONNECTING: ["READY", "CLOSED"],
  CLOSED: [],
};

export interface ConnectionListener {
  loggedIn(loggedIn: LoggedIn): void;
  /** Not called while a single quick reconnect repairs it, as after a server's `goAway`. */
  reconnecting(code: number): void;
  /** `fresh` is set if the old log-in was gone and a new one took its place. */
  reconnected(fresh: LoggedIn | null): void;
  message(message: ServerMessage): void;
  /** The end, unless this side closed it. */
  closed(error: ZegoError): void;
}

export interface ConnectionOptions {
  urls: readonly string[];
  login: Required<Login>;
  retryTimeMs: () => number;
  socketFactory: WebSocketFactory;
  /** Sends a text that arrives even if the page is gone by then. */
  sendBeacon: (url: string, text: string) => void;
  logger: Logger;
}

const REQUEST_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;
const LOGOUT_TIMEOUT_MS = 1_000;
const DEFAULT_HEARTBEAT_MS = 30_000;

/** After these the log-in must not come back by itself: somebody decided that it ends. */
const FINAL_CODES: readonly number[] = [
  Code.LOGGED_IN_ELSEWHERE,
  Code.KICKED_BY_OTHER_LOGIN,
  Code.KICKED_BY_BACKEND,
  Code.DUPLICATE_LOGIN,
];

/** The signalling of one log-in: over however many WebSockets it takes. */
export class Connection {
  private readonly machine = new StateMachine<ConnectionState>("IDLE", ALLOWED, "connection");
  private readonly pending = new PendingRequests(REQUEST_TIMEOUT_MS, () => this.probe());
  private readonly timers = new Timers<"retry" | "handshake" | "heartbeat" | "probe">();
  private readonly attempts: Attempts;
  private readonly logIn: LogIn;
  private socket: Socket | null = null;
  private handshakeId = 0;
  private heartbeatMs = DEFAULT_HEARTBEAT_MS;
  private quietAttempt = false;
  private asleep = false;
  /** It slept from a good state: not yet reported as not connected. */
  private unreported = false;
  private lastError: ZegoError | null = null;
  private probeId = 0;
  private readonly onOnline = (): void => this.hurry();

  constructor(
    private readonly options: ConnectionOptions,
    private readonly listener: ConnectionListener,
  ) {
    this.attempts = new Attempts(options.urls, options.retryTimeMs);
    this.logIn = new LogIn(options.login);
  }

  start(): void {
    this.machine.become("LOGGING_IN");
    this.attempts.begin();
    globalThis.addEventListener?.("online", this.onOnline);
    this.open();
  }

  /** Waits for the log-in or a reconnect if need be; repeated if its reply was lost with the connection. */
  request(body: ClientMessageBody): Promise<Reply> {
    if (this.machine.is("CLOSED")) return Promise.reject(new ZegoError(Code.SOCKET_CLOSED, "The log-in has ended."));
    const reply = this.pending.add(body);
    this.flush();
    return reply;
  }

  /** Asks whether the other side is still there, when something suggests that it is not. */
  probe(): void {
    if (!this.machine.is("READY") || this.timers.has("probe")) return;
    this.probeId = this.pending.nextId();
    this.socket?.send({ requestId: this.probeId, heartbeat: {} });
    this.timers.set("probe", PROBE_TIMEOUT_MS, () => this.lost("unanswered"));
  }

  /** For every log-in from now on. */
  renewToken(token: string): void {
    this.logIn.renewToken(token);
  }

  /**
   * Logs in with the newest token, in place of the log-in whose token has ended. False if there is no newer one. What
   * was published and played is so again afterwards, as after any lost log-in.
   */
  logInAnew(): boolean {
    if (!this.logIn.hasNewerToken || this.machine.is("CLOSED")) return false;
    if (this.machine.is("READY")) {
      this.logIn.forget();
      this.reconnect(true, Code.NETWORK_BROKEN, "unreachable");
    }
    return true;
  }

  /** Says good-bye and closes. */
  logout(): void {
    if (this.machine.is("CLOSED")) return;
    this.sendLogout();
    this.end(new ZegoError(Code.SOCKET_CLOSED, "The log-in has ended."));
  }

  /** The page goes away, for good or into the browser's cache: good-bye all the same, for nobody can tell which. */
  sleep(): void {
    if (this.asleep || this.machine.is("IDLE", "CLOSED")) return;
    this.asleep = true;
    if (this.socket?.isOpen === true) this.sendLogout();
    else this.sendFarewell();
    this.closeSocket();
    this.logIn.forget();
    if (!this.machine.is("READY")) return;
    this.machine.become("RECONNECTING");
    this.pending.connectionLost();
    this.unreported = true;
  }

  /** The page came back: logs in anew. */
  wake(): void {
    if (!this.asleep) return;
    this.asleep = false;
    if (this.machine.is("CLOSED")) return;
    this.attempts.begin();
    if (this.unreported) {
      this.unreported = false;
      this.listener.reconnecting(Code.NETWORK_BROKEN);
    }
    if (!this.machine.is("CLOSED")) this.open();
  }

  private sendLogout(): void {
    const socket = this.socket;
    // While the handshake is under way as well: the server may be letting this user in just now, carries the log-out out
    // right after it, and nobody sees a ghost.
    if (socket !== null && (this.machine.is("READY") || this.timers.has("handshake"))) {
      socket.send({ requestId: this.pending.nextId(), logout: {} });
      this.socket = null;
      // The server closes after its reply; this only bounds the wait.
      setTimeout(() => socket.close(), LOGOUT_TIMEOUT_MS);
    }
  }

  /** Without a socket: Firefox has closed it before it says that the page goes away. */
  private sendFarewell(): void {
    const { url } = this.attempts;
    const farewell = this.logIn.farewell();
    if (url !== undefined && farewell !== null)
      this.options.sendBeacon(url.replace(/^ws/, "http"), JSON.stringify(farewell));
  }

  private open(): void {
    const { socketFactory, logger } = this.options;
    const { url, openTimeoutMs } = this.attempts;
    if (url === undefined) {
      this.fail(new ZegoError(Code.NO_SERVER, "There is no usable server address."));
      return;
    }
    this.timers.clear("retry");
    logger.debug("socket-opening", { url });
    // A socket that was given up may still have a microtask under way; only the present one counts.
    const socket: Socket = new Socket(url, socketFactory, openTimeoutMs, {
      socketOpened: () => socket === this.socket && this.greet(),
      socketMessage: (message) => socket === this.socket && this.received(message),
      socketLost: (trouble) => socket === this.socket && this.lost(trouble),
    });
    this.socket = socket;
  }

  private greet(): void {
    const hello = { protocolVersions: [1], sdkName: "salon-web", sdkVersion: VERSION };
    this.socket?.send({ requestId: this.pending.nextId(), hello });
    this.handshakeId = this.pending.nextId();
    this.socket?.send({ requestId: this.handshakeId, ...this.logIn.request() });
    this.awaitHandshake();
  }

  private awaitHandshake(): void {
    this.timers.set("handshake", this.attempts.handshakeTimeoutMs, () => this.lost("unanswered"));
  }

  private received(message: ServerMessage): void {
    if (message.reply !== undefined) {
      this.replied(message.reply, message.sequence);
      return;
    }
    const loggedIn = this.logIn.addPage(message);
    if (loggedIn !== undefined) this.arrived(loggedIn);
    else if (!this.logIn.isNew(message)) return;
    else if (message.goAway !== undefined) this.sentAway();
    else if (message.loggedOut !== undefined) this.loggedOut(message.loggedOut.code ?? 0);
    else this.listener.message(message);
  }

  private replied(reply: Reply, sequence: string | undefined): void {
    if (reply.requestId === this.probeId) {
      this.timers.clear("probe");
    } else if (reply.requestId !== this.handshakeId) {
      this.pending.settle(reply);
    } else if (reply.failed !== undefined) {
      this.handshakeFailed(reply.failed);
    } else if (reply.loggedIn !== undefined) {
      this.arrived(this.logIn.begin(reply.loggedIn, sequence));
    } else if (reply.resumed !== undefined) {
      this.ready(null);
    }
  }

  /** The log-in is complete with the last of its pages; until then a lost connection means to log in again. */
  private arrived(loggedIn: LoggedIn | null): void {
    if (loggedIn === null) {
      this.awaitHandshake();
      return;
    }
    this.heartbeatMs = loggedIn.heartbeatIntervalMs || DEFAULT_HEARTBEAT_MS;
    this.ready(loggedIn);
  }

  private ready(loggedIn: LoggedIn | null): void {
    const first = this.machine.is("LOGGING_IN");
    this.machine.become("READY");
    this.timers.clear("handshake");
    this.attempts.succeeded();
    this.quietAttempt = false;
    this.heartbeat();
    if (!first && loggedIn !== null) {
      this.pending.rejectStale(new ZegoError(Code.SOCKET_CLOSED, "The old log-in is gone."));
    }
    if (first && loggedIn !== null) this.listener.loggedIn(loggedIn);
    else this.listener.reconnected(loggedIn);
    this.flush();
  }

  private handshakeFailed(failed: Failed): void {
    const error = toRequestFailed(failed);
    this.options.logger.warn("log-in-refused", { err_code: error.errorCode, reason: error.reason });
    if (this.machine.is("LOGGING_IN")) {
      this.fail(error);
      return;
    }
    this.lastError = error;
    if (FINAL_CODES.includes(error.errorCode) || error.reason === "logged-in-elsewhere") {
      this.fail(error);
    } else if (error.retryable) {
      this.lost(error.reason === "rate-limited" ? "overloaded" : "refused");
    } else if (this.logIn.isHeld) {
      // Nothing to resume: log in anew, with the newest token.
      this.logIn.forget();
      this.closeSocket();
      this.open();
    } else {
      this.fail(error);
    }
  }

  private sentAway(): void {
    if (this.machine.is("READY")) this.reconnect(true, Code.NETWORK_BROKEN, "unreachable");
    else this.lost("unreachable");
  }

  private loggedOut(code: number): void {
    if (code === Code.LEASE_EXPIRED) {
      this.logIn.forget();
      this.reconnect(false, code, "unreachable");
    } else {
      this.fail(new ZegoError(code || Code.KICKED_BY_BACKEND, "The server ended the log-in."));
    }
  }

  /** The socket, or the attempt to open one, came to nothing. */
  private lost(trouble: Trouble): void {
    this.attempts.nextServer();
    if (this.machine.is("READY")) {
      // That the old socket fell silent says nothing about how long to wait for a new one.
      this.reconnect(false, Code.NETWORK_BROKEN, trouble === "unanswered" ? "unreachable" : trouble);
      return;
    }
    this.closeSocket();
    if (this.quietAttempt) {
      this.quietAttempt = false;
      this.listener.reconnecting(Code.NETWORK_BROKEN);
      if (!this.machine.is("RECONNECTING")) return;
    }
    const pauseMs = this.attempts.afterFailureMs(trouble);
    if (pauseMs !== null) {
      this.timers.set("retry", pauseMs, () => this.open());
    } else if (this.machine.is("LOGGING_IN")) {
      this.fail(new ZegoError(Code.LOGIN_TIMEOUT, "No server could be reached in time."));
    } else {
      const details = this.lastError === null ? {} : { last_code: this.lastError.errorCode };
      this.fail(new ZegoError(Code.ROOM_RETRY_TIMEOUT, "The connection did not come back in time.", details));
    }
  }

  private reconnect(quiet: boolean, code: number, trouble: Trouble): void {
    this.machine.become("RECONNECTING");
    this.closeSocket();
    this.pending.connectionLost();
    this.logIn.markSeen();
    this.lastError = null;
    this.quietAttempt = quiet;
    this.timers.set("retry", this.attempts.afterLossMs(trouble), () => this.open());
    if (!quiet) this.listener.reconnecting(code);
  }

  /** The network is back: no reason to wait any longer, and a socket from before it went may be dead. */
  private hurry(): void {
    if (this.machine.is("RECONNECTING") && this.timers.has("retry")) this.open();
    else this.probe();
  }

  private flush(): void {
    if (this.machine.is("READY")) this.pending.flush((message) => this.socket?.send(message));
  }

  private heartbeat(): void {
    this.timers.set("heartbeat", this.heartbeatMs, () => {
      this.heartbeat();
      this.probe();
    });
  }

  private fail(error: ZegoError): void {
    this.end(error);
    this.listener.closed(error);
  }

  private end(error: ZegoError): void {
    this.machine.become("CLOSED");
    globalThis.removeEventListener?.("online", this.onOnline);
    this.closeSocket();
    this.pending.rejectAll(error);
  }

  private closeSocket(): void {
    this.timers.clearAll();
    this.socket?.close();
    this.socket = null;
    this.logIn.connectionClosed();
  }
}
