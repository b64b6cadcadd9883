// Longer than other files: the transitions of one state machine, which are read together.
import { Code } from "../codes.js";
import { ZegoError } from "../errors.js";
import { Link, type SocketFactory } from "./link.js";
import type { Logger } from "../logger.js";
import { PendingRequests, toRequestFailed } from "./pending-requests.js";
import { ReconnectSchedule, type Trouble } from "./reconnect-schedule.js";
import { StateMachine } from "../state-machine.js";
import { VERSION } from "../version.js";
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
  /** Not told while a single quick reconnect repairs it, as after a server's `goAway`. */
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
  socketFactory: SocketFactory;
  /** Sends a text that arrives even if the page is gone by then. */
  sendBeacon: (url: string, text: string) => void;
  logger: Logger;
}

const FIRST_OPEN_TIMEOUT_MS = 5_000;
const FIRST_HANDSHAKE_TIMEOUT_MS = 10_000;
const LOGIN_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;
const LOGOUT_TIMEOUT_MS = 1_000;
const DEFAULT_HEARTBEAT_MS = 30_000;
/** A loss this soon after a success is part of the same trouble and does not begin with quick tries again. */
const STABLE_MS = 5_000;

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
  private readonly schedule = new ReconnectSchedule();
  private link: Link | null = null;
  private urlIndex = 0;
  private handshakeId = 0;
  /** The newest that the app gave. */
  private token: string;
  /** The one that the present log-in was made with. */
  private tokenInUse = "";
  /** The reply to a log-in, while the pages that belong to it are on their way. */
  private arriving: LoggedIn | null = null;
  private session: { id: string; resumeKey: string } | null = null;
  private lastSequence = 0n;
  /** What a resumed connection sends up to here was seen before the old one was lost. */
  private seenSequence = 0n;
  private heartbeatMs = DEFAULT_HEARTBEAT_MS;
  private deadlineMs = 0;
  private readySinceMs = 0;
  private quietAttempt = false;
  private asleep = false;
  /** It slept from a good state: nobody was told yet that it is not connected. */
  private untold = false;
  private lastError: ZegoError | null = null;
  private probeId = 0;
  private readonly timers = new Map<"retry" | "handshake" | "heartbeat" | "probe", ReturnType<typeof setTimeout>>();
  private readonly onOnline = (): void => this.hurry();

  constructor(
    private readonly options: ConnectionOptions,
    private readonly listener: ConnectionListener,
  ) {
    this.token = options.login.token;
  }

  start(): void {
    this.machine.become("LOGGING_IN");
    this.deadlineMs = performance.now() + LOGIN_TIMEOUT_MS;
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
    this.link?.send({ requestId: this.probeId, heartbeat: {} });
    this.setTimer("probe", PROBE_TIMEOUT_MS, () => this.lost("unanswered"));
  }

  /** For every log-in from now on. */
  renewToken(token: string): void {
    this.token = token;
  }

  /**
   * Logs in with the newest token, in place of the log-in whose token has ended. False if there is no newer one. What
   * was published and played is so again afterwards, as after any lost log-in.
   */
  logInAnew(): boolean {
    if (this.token === this.tokenInUse || this.machine.is("CLOSED")) return false;
    if (this.machine.is("READY")) {
      this.session = null;
      this.reconnect(true, Code.NETWORK_BROKEN, "unreachable");
    }
    return true;
  }

  /** Says good-bye and closes. */
  logout(): void {
    if (this.machine.is("CLOSED")) return;
    this.sayGoodBye();
    this.end(new ZegoError(Code.SOCKET_CLOSED, "The log-in has ended."));
  }

  /** The page goes away, for good or into the browser's cache: good-bye all the same, for nobody can tell which. */
  sleep(): void {
    if (this.asleep || this.machine.is("IDLE", "CLOSED")) return;
    this.asleep = true;
    if (this.link?.isOpen === true) this.sayGoodBye();
    else this.sendGoodBye();
    this.closeLink();
    this.session = null;
    if (!this.machine.is("READY")) return;
    this.machine.become("RECONNECTING");
    this.pending.connectionLost();
    this.untold = true;
  }

  /** The page came back: logs in anew. */
  wake(): void {
    if (!this.asleep) return;
    this.asleep = false;
    if (this.machine.is("CLOSED")) return;
    this.schedule.reset();
    const patienceMs = this.machine.is("LOGGING_IN") ? LOGIN_TIMEOUT_MS : this.options.retryTimeMs();
    this.deadlineMs = performance.now() + patienceMs;
    if (this.untold) {
      this.untold = false;
      this.listener.reconnecting(Code.NETWORK_BROKEN);
    }
    if (!this.machine.is("CLOSED")) this.open();
  }

  private sayGoodBye(): void {
    const link = this.link;
    // While the handshake is under way as well: the server may be letting this user in just now, carries the log-out out
    // right after it, and nobody sees a ghost.
    if (link !== null && (this.machine.is("READY") || this.timers.has("handshake"))) {
      link.send({ requestId: this.pending.nextId(), logout: {} });
      this.link = null;
      // The server closes after its reply; this only bounds the wait.
      setTimeout(() => link.close(), LOGOUT_TIMEOUT_MS);
    }
  }

  /** Without a socket: Firefox has closed it before it says that the page goes away. */
  private sendGoodBye(): void {
    const { urls, login, sendBeacon } = this.options;
    const url = urls[this.urlIndex % urls.length];
    if (url === undefined || this.session === null) return;
    const { id: sessionId, resumeKey } = this.session;
    const farewell = { appId: login.appId, userId: login.userId, sessionId, resumeKey };
    sendBeacon(url.replace(/^ws/, "http"), JSON.stringify(farewell));
  }

  private open(): void {
    const { urls, socketFactory, logger } = this.options;
    const url = urls[this.urlIndex % urls.length];
    if (url === undefined) {
      this.fail(new ZegoError(Code.NO_SERVER, "There is no usable server address."));
      return;
    }
    this.clearTimer("retry");
    logger.debug("socket-opening", { attempt_index: this.urlIndex });
    // A link that was given up may still have a microtask under way; only the present one counts.
    const openTimeoutMs = this.machine.is("LOGGING_IN") ? FIRST_OPEN_TIMEOUT_MS : this.schedule.openTimeoutMs;
    const link: Link = new Link(url, socketFactory, openTimeoutMs, {
      linkOpened: () => link === this.link && this.greet(),
      linkMessage: (message) => link === this.link && this.received(message),
      linkLost: (trouble) => link === this.link && this.lost(trouble),
    });
    this.link = link;
  }

  private greet(): void {
    const { login } = this.options;
    const hello = { protocolVersions: [1], sdkName: "salon-web", sdkVersion: VERSION };
    this.link?.send({ requestId: this.pending.nextId(), hello });
    this.handshakeId = this.pending.nextId();
    if (this.session === null) {
      this.tokenInUse = this.token;
      this.link?.send({ requestId: this.handshakeId, login: { ...login, token: this.token } });
    } else {
      const resume = {
        appId: login.appId,
        userId: login.userId,
        sessionId: this.session.id,
        resumeKey: this.session.resumeKey,
        lastSequence: this.lastSequence.toString(),
      };
      this.link?.send({ requestId: this.handshakeId, resume });
    }
    this.awaitHandshake();
  }

  private awaitHandshake(): void {
    const first = this.machine.is("LOGGING_IN");
    const timeoutMs = first ? FIRST_HANDSHAKE_TIMEOUT_MS : this.schedule.handshakeTimeoutMs;
    this.setTimer("handshake", timeoutMs, () => this.lost("unanswered"));
  }

  private received(message: ServerMessage): void {
    const sequence = BigInt(message.sequence ?? 0);
    const reply = message.reply;
    if (reply !== undefined) {
      // A new log-in starts from its own snapshot.
      if (reply.loggedIn !== undefined) this.lastSequence = sequence;
      this.replied(reply);
      return;
    }
    if (this.arriving !== null && (message.usersChanged ?? message.streamsChanged) !== undefined) {
      this.pageArrived(this.arriving, message);
      return;
    }
    if (sequence !== 0n && sequence <= this.seenSequence) return;
    if (sequence > this.lastSequence) this.lastSequence = sequence;
    if (message.goAway !== undefined) this.sentAway();
    else if (message.loggedOut !== undefined) this.loggedOut(message.loggedOut.code ?? 0);
    else this.listener.message(message);
  }

  private replied(reply: Reply): void {
    if (reply.requestId === this.probeId) {
      this.clearTimer("probe");
    } else if (reply.requestId !== this.handshakeId) {
      this.pending.settle(reply);
    } else if (reply.failed !== undefined) {
      this.handshakeFailed(reply.failed);
    } else if (reply.loggedIn !== undefined) {
      this.arrived(reply.loggedIn);
    } else if (reply.resumed !== undefined) {
      this.ready(null);
    }
  }

  private pageArrived(loggedIn: LoggedIn, { usersChanged, streamsChanged }: ServerMessage): void {
    this.arrived({
      ...loggedIn,
      users: [...(loggedIn.users ?? []), ...(usersChanged?.users ?? [])],
      streams: [...(loggedIn.streams ?? []), ...(streamsChanged?.streams ?? [])],
      pagesToCome: (loggedIn.pagesToCome ?? 0) - 1,
    });
  }

  /** The log-in is complete with the last of its pages; until then a lost connection means to log in again. */
  private arrived(loggedIn: LoggedIn): void {
    const { sessionId = "", resumeKey = "", heartbeatIntervalMs, pagesToCome = 0 } = loggedIn;
    if (pagesToCome > 0) {
      this.arriving = loggedIn;
      this.awaitHandshake();
      return;
    }
    this.arriving = null;
    this.session = { id: sessionId, resumeKey };
    this.seenSequence = 0n;
    this.heartbeatMs = heartbeatIntervalMs || DEFAULT_HEARTBEAT_MS;
    this.ready(loggedIn);
  }

  private ready(loggedIn: LoggedIn | null): void {
    const first = this.machine.is("LOGGING_IN");
    this.machine.become("READY");
    this.clearTimer("handshake");
    this.readySinceMs = performance.now();
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
    } else if (this.session !== null) {
      // Nothing to resume: log in anew, with the newest token.
      this.session = null;
      this.closeLink();
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
      this.session = null;
      this.reconnect(false, code, "unreachable");
    } else {
      this.fail(new ZegoError(code || Code.KICKED_BY_BACKEND, "The server ended the log-in."));
    }
  }

  /** The socket, or the attempt to open one, came to nothing. */
  private lost(trouble: Trouble): void {
    this.urlIndex += 1;
    if (this.machine.is("READY")) {
      // That the old socket fell silent says nothing about how long to wait for a new one.
      this.reconnect(false, Code.NETWORK_BROKEN, trouble === "unanswered" ? "unreachable" : trouble);
      return;
    }
    this.closeLink();
    if (this.quietAttempt) {
      this.quietAttempt = false;
      this.listener.reconnecting(Code.NETWORK_BROKEN);
      if (!this.machine.is("RECONNECTING")) return;
    }
    const delayMs = this.schedule.nextMs(trouble, performance.now());
    // Spare servers are tried at once; the pause comes when all were tried.
    const waitMs = this.urlIndex % this.options.urls.length === 0 ? delayMs : 0;
    const leftMs = this.deadlineMs - performance.now();
    if (leftMs > 0) {
      this.setTimer("retry", Math.min(waitMs, leftMs), () => this.open());
    } else if (this.machine.is("LOGGING_IN")) {
      this.fail(new ZegoError(Code.LOGIN_TIMEOUT, "No server could be reached in time."));
    } else {
      const details = this.lastError === null ? {} : { last_code: this.lastError.errorCode };
      this.fail(new ZegoError(Code.ROOM_RETRY_TIMEOUT, "The connection did not come back in time.", details));
    }
  }

  private reconnect(quiet: boolean, code: number, trouble: Trouble): void {
    const nowMs = performance.now();
    if (nowMs - this.readySinceMs > STABLE_MS) this.schedule.reset();
    this.machine.become("RECONNECTING");
    this.closeLink();
    this.pending.connectionLost();
    this.seenSequence = this.lastSequence;
    this.lastError = null;
    this.deadlineMs = nowMs + this.options.retryTimeMs();
    this.quietAttempt = quiet;
    this.setTimer("retry", this.schedule.nextMs(trouble, nowMs), () => this.open());
    if (!quiet) this.listener.reconnecting(code);
  }

  /** The network is back: no reason to wait any longer, and a socket from before it went may be dead. */
  private hurry(): void {
    if (this.machine.is("RECONNECTING") && this.timers.has("retry")) this.open();
    else this.probe();
  }

  private flush(): void {
    if (this.machine.is("READY")) this.pending.flush((message) => this.link?.send(message));
  }

  private heartbeat(): void {
    this.setTimer("heartbeat", this.heartbeatMs, () => {
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
    this.closeLink();
    this.pending.rejectAll(error);
  }

  private closeLink(): void {
    for (const name of [...this.timers.keys()]) this.clearTimer(name);
    this.link?.close();
    this.link = null;
    this.arriving = null;
  }

  private setTimer(name: "retry" | "handshake" | "heartbeat" | "probe", delayMs: number, run: () => void): void {
    this.clearTimer(name);
    this.timers.set(
      name,
      setTimeout(() => {
        this.timers.delete(name);
        run();
      }, delayMs),
    );
  }

  private clearTimer(name: "retry" | "handshake" | "heartbeat" | "probe"): void {
    const timer = this.timers.get(name);
    if (timer !== undefined) clearTimeout(timer);
    this.timers.delete(name);
  }
}
