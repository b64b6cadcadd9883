import { Code } from "../codes.js";
import type { ZegoServerResponse } from "../entities/index.js";
import type { EffectsSet, StreamEffects } from "../signaling/messages.js";
import { toStrengths, type Strengths } from "./effects.js";

/** One publication of the stream. */
export interface BeautyOutlet {
  readonly streamID: string;
  /** The server knows the stream and can change it. */
  readonly publishing: boolean;
  /** Resolves when a negotiation under way has come to an end, good or bad. */
  negotiated(): Promise<void>;
  setEffects(effects: StreamEffects): Promise<EffectsSet>;
}

export interface BeautyPort {
  outlets(): BeautyOutlet[];
  /** 1103075: the others see the original although effects are on. 0: no longer. */
  error(errorCode: number, extendedData: string): void;
}

interface Waiter {
  resolve: (response: ZegoServerResponse) => void;
  reject: (error: unknown) => void;
}

/** A dragged slider asks for more; the newest values are sent so often. */
const MIN_INTERVAL_MS = 67;

const DONE: ZegoServerResponse = { errorCode: Code.OK, extendedData: "" };

/**
 * What the app wants one local stream to look like. The cloud does it: the request goes along with every publish, and
 * after every change while publishing, one request at a time, the newest values last.
 */
export class Beauty {
  private wanted: StreamEffects | null = null;
  /** Counts changes, so that a change during a request is seen after it. */
  private version = 0;
  private waiters: Waiter[] = [];
  private working = false;
  private lastSentMs = -Infinity;
  /** Publications whose viewers see the original although effects are on. */
  private readonly unavailable = new Set<string>();
  /** By publication: the newest request, as the server counts them, that something is known of. */
  private readonly versions = new Map<string, number>();
  private readonly watchers = new Set<() => void>();
  private port: BeautyPort | null = null;

  connect(port: BeautyPort): void {
    this.port = port;
  }

  /** For a publish: absent if the app never said anything. */
  get effects(): StreamEffects | undefined {
    return this.wanted ?? undefined;
  }

  /** What the publisher's own picture should look like: as the others see it. */
  get shown(): Strengths | null {
    return this.unavailable.size > 0 ? null : toStrengths(this.wanted);
  }

  /** Calls back after every change of `shown`, until the function returned is called. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  /** Resolves when the newest request is in place, be it this one or one that overtook it. */
  set(effects: StreamEffects): Promise<ZegoServerResponse> {
    this.wanted = effects;
    this.version += 1;
    if (!effects.enabled) this.unavailable.clear();
    this.notifyWatchers();
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      void this.work();
    });
  }

  /** The stream is destroyed: off, if anything still carries it. */
  end(): void {
    if (this.wanted?.enabled === true) this.set({ enabled: false }).catch(() => undefined);
    this.watchers.clear();
  }

  /** The media of a publication flows (again). */
  published(outlet: BeautyOutlet): void {
    // In another session of the room requests are counted anew.
    this.versions.delete(outlet.streamID);
    // What became of the effects with the former connection is not known.
    if (this.unavailable.has(outlet.streamID)) void this.work();
  }

  unpublished(streamID: string): void {
    this.versions.delete(streamID);
    if (this.unavailable.delete(streamID)) this.notifyWatchers();
  }

  /** What the viewers of a publication get now. */
  stateChanged(streamID: string, { state, problem, version = 0 }: EffectsSet): void {
    const known = this.versions.get(streamID) ?? 0;
    if (version > 0 && version < known) return;
    this.versions.set(streamID, version || known);
    const failing = this.unavailable.size > 0;
    if (state !== "STREAM_EFFECTS_STATE_UNAVAILABLE") this.unavailable.delete(streamID);
    // An old notice may come after the request was taken back.
    else if (this.wanted?.enabled === true) this.unavailable.add(streamID);
    if (failing === this.unavailable.size > 0) return;
    this.notifyWatchers();
    if (!failing) this.port?.error(Code.BEAUTY_OVERLOAD, problem ?? "");
    else if (state === "STREAM_EFFECTS_STATE_ON") this.port?.error(Code.OK, "recovered");
  }

  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    let sent: number;
    let outcome: { response: ZegoServerResponse } | { error: unknown };
    do {
      await this.ready();
      sent = this.version;
      try {
        outcome = { response: await this.send() };
      } catch (error) {
        outcome = { error };
      }
    } while (sent !== this.version);
    this.working = false;
    for (const { resolve, reject } of this.waiters.splice(0)) {
      if ("error" in outcome) reject(outcome.error);
      else resolve(outcome.response);
    }
  }

  /** Waits for negotiations under way, and for the next request's turn. */
  private async ready(): Promise<void> {
    const outlets = this.port?.outlets() ?? [];
    await Promise.all(outlets.map((outlet) => outlet.negotiated()));
    const waitMs = this.lastSentMs + MIN_INTERVAL_MS - performance.now();
    if (waitMs > 0 && outlets.length > 0) await new Promise<void>((resolve) => setTimeout(resolve, waitMs));
  }

  private async send(): Promise<ZegoServerResponse> {
    const effects = this.wanted;
    const outlets = (this.port?.outlets() ?? []).filter((outlet) => outlet.publishing);
    // Kept with the stream: the next publish takes it along.
    if (effects === null || outlets.length === 0) return DONE;
    this.lastSentMs = performance.now();
    const responses = await Promise.all(outlets.map((outlet) => this.sendTo(outlet, effects)));
    return responses.find(({ errorCode }) => errorCode !== Code.OK) ?? DONE;
  }

  private async sendTo(outlet: BeautyOutlet, effects: StreamEffects): Promise<ZegoServerResponse> {
    let set: EffectsSet;
    try {
      set = await outlet.setEffects(effects);
    } catch (thrown) {
      // Interrupted or stopped meanwhile: if it is published again, the request goes along.
      if (!outlet.publishing) return DONE;
      throw thrown;
    }
    if (outlet.publishing) this.stateChanged(outlet.streamID, set);
    if (set.state !== "STREAM_EFFECTS_STATE_UNAVAILABLE") return DONE;
    return { errorCode: Code.BEAUTY_OVERLOAD, extendedData: set.problem ?? "" };
  }

  private notifyWatchers(): void {
    for (const changed of [...this.watchers]) changed();
  }
}
