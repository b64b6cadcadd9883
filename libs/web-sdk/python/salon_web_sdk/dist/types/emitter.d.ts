/** Any event map: name to handler type. */
export type Handlers<M> = {
    [K in keyof M]: (...args: never[]) => void;
};
/**
 * Handlers run in the order of registration. One that throws fails alone: the others still run and the error is
 * reported where uncaught errors are.
 */
export declare class Emitter<M extends Handlers<M>> {
    private readonly handlers;
    on<K extends keyof M>(event: K, handler: M[K]): boolean;
    /** Without a handler, drops all of this event. */
    off<K extends keyof M>(event: K, handler?: M[K]): boolean;
    emit<K extends keyof M>(event: K, ...args: Parameters<M[K]>): void;
    clear(): void;
}
