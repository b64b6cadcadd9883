import type { ZegoLogConfig } from "./entities/index.js";
declare const LEVELS: readonly ["debug", "info", "warn", "error", "report", "disable"];
export type LogLevel = (typeof LEVELS)[number];
/** Writes to the console. Callers pass a fixed phrase and plain fields; never tokens, SDP or message text. */
export declare class Logger {
    /** Older pages show what is kept here; nothing is. */
    readonly logCache: readonly string[];
    private level;
    private verbose;
    configure(config: ZegoLogConfig): boolean;
    setVerbose(enable: boolean): void;
    debug(event: string, fields?: Record<string, unknown>): void;
    info(event: string, fields?: Record<string, unknown>): void;
    warn(event: string, fields?: Record<string, unknown>): void;
    error(event: string, fields?: Record<string, unknown>): void;
    private passes;
}
export {};
