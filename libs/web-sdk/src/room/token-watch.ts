/** So long before, the app is asked for another token. */
const WARNING_MS = 30_000;
/** Timers overflow beyond 2^31 - 1 ms, and the wall clock may be set meanwhile. */
const LONGEST_WAIT_MS = 3_600_000;

/** Warns once before each token's end. */
export class TokenWatch {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private warnedForUnixS = 0;

  constructor(private readonly warn: () => void) {}

  /** Of the token that is in use from now on; 0 if its end is not known. */
  expiresAt(unixS: number): void {
    this.stop();
    if (unixS > 0 && unixS !== this.warnedForUnixS) this.wait(unixS);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private wait(unixS: number): void {
    const leftMs = unixS * 1000 - WARNING_MS - Date.now();
    if (leftMs > 0) {
      this.timer = setTimeout(() => this.wait(unixS), Math.min(leftMs, LONGEST_WAIT_MS));
      return;
    }
    this.timer = null;
    this.warnedForUnixS = unixS;
    this.warn();
  }
}
