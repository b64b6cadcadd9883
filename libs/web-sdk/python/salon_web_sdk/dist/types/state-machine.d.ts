/** A state, the table of what may follow what, and the one place that assigns it. */
export declare class StateMachine<S extends string> {
    private current;
    private readonly allowed;
    private readonly noun;
    constructor(current: S, allowed: Readonly<Record<S, readonly S[]>>, noun: string);
    get state(): S;
    is(...states: S[]): boolean;
    may(next: S): boolean;
    become(next: S): void;
}
