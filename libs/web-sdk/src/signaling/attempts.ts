import { ReconnectSchedule, type Trouble } from "./reconnect-schedule.js";

const LOGIN_TIMEOUT_MS = 15_000;
const FIRST_OPEN_TIMEOUT_MS = 5_000;
const FIRST_HANDSHAKE_TIMEOUT_MS = 10_000;
/** A loss this soon after a success is part of the same trouble and does not begin with quick tries again. */
const STABLE_MS = 5_000;

/** At which server, when, and until when a connection is tried. */
export class Attempts {
  private readonly schedule = new ReconnectSchedule();
  private serverIndex = 0;
  private deadlineMs = 0;
  /** Null until the log-in has succeeded once. */
  private readySinceMs: number | null = null;

  constructor(
    private readonly urls: readonly string[],
    private readonly retryTimeMs: () => number,
  ) {}

  get url(): string | undefined {
    return this.urls[this.serverIndex % this.urls.length];
  }

  /** For a WebSocket to open. */
  get openTimeoutMs(): number {
    return this.readySinceMs === null ? FIRST_OPEN_TIMEOUT_MS : this.schedule.openTimeoutMs;
  }

  /** For a log-in or a resume to be answered. */
  get handshakeTimeoutMs(): number {
    return this.readySinceMs === null ? FIRST_HANDSHAKE_TIMEOUT_MS : this.schedule.handshakeTimeoutMs;
  }

  /** From now on, as if nothing had been tried before. */
  begin(): void {
    this.schedule.reset();
    this.setDeadline(performance.now());
  }

  succeeded(): void {
    this.readySinceMs = performance.now();
  }

  /** The next one is for another server, if there are several. */
  nextServer(): void {
    this.serverIndex += 1;
  }

  /** After a connection that stood: the pause before the first try. */
  afterLossMs(trouble: Trouble): number {
    const nowMs = performance.now();
    if (nowMs - (this.readySinceMs ?? 0) > STABLE_MS) this.schedule.reset();
    this.setDeadline(nowMs);
    return this.schedule.nextMs(trouble, nowMs);
  }

  /** After a try that failed: the pause before the next one; null when the time is over. */
  afterFailureMs(trouble: Trouble): number | null {
    const nowMs = performance.now();
    const pauseMs = this.schedule.nextMs(trouble, nowMs);
    const leftMs = this.deadlineMs - nowMs;
    if (leftMs <= 0) return null;
    // Spare servers are tried at once; the pause comes when all were tried.
    return this.serverIndex % this.urls.length === 0 ? Math.min(pauseMs, leftMs) : 0;
  }

  private setDeadline(nowMs: number): void {
    this.deadlineMs = nowMs + (this.readySinceMs === null ? LOGIN_TIMEOUT_MS : this.retryTimeMs());
  }
}
