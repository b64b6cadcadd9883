export interface BackoffOptions {
    firstMs: number;
    maxMs: number;
}
/** For a server that has more than it takes: nobody helps it by asking soon. */
export declare const OVERLOAD_PAUSES: BackoffOptions;
/** Doubling delays, each drawn from the upper half of its range so that many clients do not come back at once. */
export declare class Backoff {
    private readonly options;
    private readonly random;
    private attempt;
    constructor(options: BackoffOptions, random?: () => number);
    nextMs(): number;
    reset(): void;
}
