/** Warns once before each token's end. */
export declare class TokenWatch {
    private readonly warn;
    private timer;
    private warnedForUnixS;
    constructor(warn: () => void);
    /** Of the token that is in use from now on; 0 if its end is not known. */
    expiresAt(unixS: number): void;
    stop(): void;
    private wait;
}
