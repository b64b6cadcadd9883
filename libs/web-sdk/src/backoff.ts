export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
}

/** For a server that has more than it takes: nobody helps it by asking soon. */
export const OVERLOAD_PAUSES: BackoffOptions = { firstMs: 2_000, maxMs: 10_000 };

/** Doubling delays, each drawn from the upper half of its range so that many clients do not come back at once. */
export class Backoff {
  private attempt = 0;

  constructor(
    private readonly options: BackoffOptions,
    private readonly random: () => number = Math.random,
  ) {}

  nextMs(): number {
    const ceiling = Math.min(this.options.maxMs, this.options.firstMs * 2 ** this.attempt);
    this.attempt = Math.min(this.attempt + 1, 16);
    return Math.round(ceiling * (0.5 + 0.5 * this.random()));
  }

  reset(): void {
    this.attempt = 0;
  }
}
