import { Code } from "../codes.js";
import type { ZegoPlayStats, ZegoPublishStats, ZegoServerResponse } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import {
  REJECT,
  REJECT_BOOLEAN,
  REJECT_ANY,
  FALSE,
  ZERO,
  PUBLISH_STATS,
  PLAY_STATS,
  TIME_INFO,
  NOTHING,
  LOCAL_STREAM,
  ENGINE,
  AUDIO_EFFECT_PLAYER,
  RANGE_AUDIO,
  DATA_MANAGER,
  COPYRIGHTED_MUSIC,
  STREAM_COMPOSITOR,
  OBJECTS,
  LISTS,
} from "./names.js";

/** What the declarations promise; at run time each fails within it. */
interface Results {
  reject: Promise<ZegoServerResponse>;
  rejectBoolean: Promise<boolean>;
  rejectAny: Promise<any>;
  publishStats: ZegoPublishStats | null;
  playStats: ZegoPlayStats | null;
  timeInfo: { timestamp: number; maxDeviation: number };
  false: boolean;
  zero: number;
  nothing: void;
  audioEffectPlayer: Absent<typeof AUDIO_EFFECT_PLAYER>;
  rangeAudio: Absent<typeof RANGE_AUDIO>;
  dataManager: Absent<typeof DATA_MANAGER> & { readonly roomID: string };
  copyrightedMusic: Absent<typeof COPYRIGHTED_MUSIC>;
  streamCompositor: Absent<typeof STREAM_COMPOSITOR>;
}

type Failure = keyof Results;
type Absent<L extends Readonly<Record<string, string>>> = {
  [K in keyof L]: (...args: any[]) => L[K] extends Failure ? Results[L[K]] : never;
};

export type NotYetEngine = Absent<typeof ENGINE>;
export type NotYetLocalStream = Absent<typeof LOCAL_STREAM>;

const warned = new Set<string>();

function absent(name: string, failure: Failure): (...args: unknown[]) => unknown {
  return (...args) => {
    const error = new ZegoError(Code.MODULE_NOT_IMPORTED, `${name} is not available in this version.`);
    if (!warned.has(name)) {
      warned.add(name);
      console.warn("[salon]", "not-available", { name, err_code: error.errorCode });
    }
    switch (failure) {
      case FALSE:
        return false;
      case ZERO:
        return 0;
      case NOTHING:
        return undefined;
      case PUBLISH_STATS:
      case PLAY_STATS:
        return null;
      case TIME_INFO:
        return { timestamp: 0, maxDeviation: 0 };
      case REJECT:
      case REJECT_BOOLEAN:
      case REJECT_ANY:
        return Promise.reject(error);
      default:
        return inert(failure, args[0]);
    }
  };
}

function inert(kind: keyof typeof OBJECTS, first: unknown): object {
  const made = {};
  addAll(made, OBJECTS[kind], `${kind}.`);
  return kind === "dataManager" ? Object.assign(made, { roomID: typeof first === "string" ? first : "" }) : made;
}

function addAll(target: object, list: Readonly<Record<string, Failure>>, prefix: string): void {
  for (const [name, failure] of Object.entries(list)) {
    Object.defineProperty(target, name, { value: absent(prefix + name, failure), writable: true, configurable: true });
  }
}

export function addNotYet(target: object, list: keyof typeof LISTS): void {
  addAll(target, LISTS[list], "");
}

/** For static members and internals, which configure things Salon does not have: nothing fails. */
export function notYetVoid(name: string): (...args: unknown[]) => void {
  return absent(name, NOTHING) as () => void;
}
