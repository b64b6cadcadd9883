import type { ZegoLogConfig } from "./entities/index.js";

const LEVELS = ["debug", "info", "warn", "error", "report", "disable"] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Writes to the console. Callers pass a fixed phrase and plain fields; never tokens, SDP or message text. */
export class Logger {
  /** Older pages show what is kept here; nothing is. */
  readonly logCache: readonly string[] = [];
  private level: LogLevel = "warn";
  private verbose = false;

  configure(config: ZegoLogConfig): boolean {
    if (config.logLevel !== undefined) {
      if (!LEVELS.includes(config.logLevel)) return false;
      this.level = config.logLevel;
    }
    return true;
  }

  setVerbose(enable: boolean): void {
    this.verbose = enable;
  }

  debug(event: string, fields: Record<string, unknown> = {}): void {
    if (this.passes("debug")) console.debug("[salon]", event, fields);
  }

  info(event: string, fields: Record<string, unknown> = {}): void {
    if (this.passes("info")) console.info("[salon]", event, fields);
  }

  warn(event: string, fields: Record<string, unknown> = {}): void {
    if (this.passes("warn")) console.warn("[salon]", event, fields);
  }

  error(event: string, fields: Record<string, unknown> = {}): void {
    if (this.passes("error")) console.error("[salon]", event, fields);
  }

  private passes(level: LogLevel): boolean {
    if (this.verbose && this.level !== "disable") return true;
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.level);
  }
}
