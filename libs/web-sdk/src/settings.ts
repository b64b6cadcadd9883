import { isScenario } from "./capture/presets.js";
import { ZegoScenario } from "./entities/index.js";

const DEFAULT_RETRY_MS = 300_000;

/** What an app sets for an engine as a whole. */
export class Settings {
  /** For how long a lost log-in is tried again. */
  roomRetryTimeMs = DEFAULT_RETRY_MS;
  /** The same for a stream. */
  avRetryTimeMs = DEFAULT_RETRY_MS;
  private chosenScenario: number = ZegoScenario.Default;

  /** What streams are made for: it decides what they look and sound like where the app leaves that open. */
  get scenario(): number {
    return this.chosenScenario;
  }

  setScenario(scenario: number | undefined): boolean {
    if (scenario === undefined || !isScenario(scenario)) return false;
    this.chosenScenario = scenario;
    return true;
  }

  /** A line `name=seconds`; false if it is none. What is no text is for parts that are not there, and passes. */
  configure(line: unknown): boolean {
    if (typeof line !== "string") return true;
    const match = /^\s*(room_retry_time|av_retry_time)\s*=\s*(\d+)\s*$/.exec(line);
    if (match === null) return false;
    const timeMs = Number(match[2]) * 1000;
    if (match[1] === "room_retry_time") this.roomRetryTimeMs = timeMs;
    else this.avRetryTimeMs = timeMs;
    return true;
  }
}
