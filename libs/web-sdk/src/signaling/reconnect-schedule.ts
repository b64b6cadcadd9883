import { Backoff, OVERLOAD_PAUSES } from "../backoff.js";

/** Why there is no connection. */
export type Trouble =
  /** The socket went, or none could be opened: the next one may succeed at once. */
  | "unreachable"
  /** Somebody is there and does not answer in time. */
  | "unanswered"
  /** The server answered that it cannot at the moment. */
  | "refused"
  /** The server has more than it takes: `rate-limited`, or too many connections. */
  | "overloaded";

/** Allowed only in this order, until `reset`. */
type PauseKind = "quick" | "growing" | "long";

/** Upper ends of the first pauses; the last one repeats until the share below is more. */
const QUICK_STEPS_MS = [100, 200, 300, 400] as const;
/**
 * Of the time without a connection. Not less, because Chromium counts: after about 14 WebSockets of a page that could not
 * be opened within some minutes it lets each new one wait, from a second up to five.
 */
const PAUSE_SHARE = 0.25;
const QUICK_MAX_MS = 5_000;
const OPEN_TIMEOUT_MS = { first: 3_000, max: 5_000 } as const;
/** Growing, so that a server that has just been started on a busy machine is not left again and again. */
const HANDSHAKE_TIMEOUT_MS = { first: 4_000, max: 10_000 } as const;

/** When to try again, and how long to wait for each try, from the loss of a connection until one that lasts. */
export class ReconnectSchedule {
  private pauses: PauseKind = "quick";
  private quickTries = 0;
  private unanswered = 0;
  private troubledSinceMs: number | null = null;
  private readonly growing: Backoff;
  private readonly long: Backoff;

  constructor(private readonly random: () => number = Math.random) {
    this.growing = new Backoff({ firstMs: 250, maxMs: 5_000 }, random);
    this.long = new Backoff(OVERLOAD_PAUSES, random);
  }

  /** The pause before the next try: from 1 ms, for whoever shall not be tried in the same turn. */
  nextMs(trouble: Trouble, nowMs: number): number {
    this.troubledSinceMs ??= nowMs;
    if (trouble === "unanswered") this.unanswered += 1;
    if (trouble === "overloaded") this.pauses = "long";
    else if (trouble === "refused" && this.pauses === "quick") this.pauses = "growing";
    if (this.pauses === "long") return this.long.nextMs();
    if (this.pauses === "growing") return this.growing.nextMs();
    return this.quickMs(nowMs - this.troubledSinceMs);
  }

  /** For a WebSocket to open. */
  get openTimeoutMs(): number {
    return this.grown(OPEN_TIMEOUT_MS);
  }

  /** For a log-in or a resume to be answered. */
  get handshakeTimeoutMs(): number {
    return this.grown(HANDSHAKE_TIMEOUT_MS);
  }

  reset(): void {
    this.pauses = "quick";
    this.quickTries = 0;
    this.unanswered = 0;
    this.troubledSinceMs = null;
    this.growing.reset();
    this.long.reset();
  }

  private quickMs(troubledMs: number): number {
    const step = QUICK_STEPS_MS[Math.min(this.quickTries, QUICK_STEPS_MS.length - 1)] ?? 0;
    const ceiling = Math.max(step, Math.min(QUICK_MAX_MS, troubledMs * PAUSE_SHARE));
    // The first is drawn from all of its range: the clients of an instance that died come over a tenth of a second.
    const floor = this.quickTries === 0 ? 1 : ceiling / 2;
    this.quickTries += 1;
    return Math.floor(floor + (ceiling - floor) * this.random());
  }

  private grown({ first, max }: { first: number; max: number }): number {
    return Math.min(max, first * 2 ** Math.min(this.unanswered, 16));
  }
}
