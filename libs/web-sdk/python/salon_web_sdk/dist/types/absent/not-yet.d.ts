import type { ZegoPlayStats, ZegoPublishStats, ZegoServerResponse } from "../entities/index.js";
import { LOCAL_STREAM, ENGINE, AUDIO_EFFECT_PLAYER, RANGE_AUDIO, DATA_MANAGER, COPYRIGHTED_MUSIC, STREAM_COMPOSITOR, LISTS } from "./names.js";
/** What the declarations promise; at run time each fails within it. */
interface Results {
    reject: Promise<ZegoServerResponse>;
    rejectBoolean: Promise<boolean>;
    rejectAny: Promise<any>;
    publishStats: ZegoPublishStats | null;
    playStats: ZegoPlayStats | null;
    timeInfo: {
        timestamp: number;
        maxDeviation: number;
    };
    false: boolean;
    zero: number;
    nothing: void;
    audioEffectPlayer: Absent<typeof AUDIO_EFFECT_PLAYER>;
    rangeAudio: Absent<typeof RANGE_AUDIO>;
    dataManager: Absent<typeof DATA_MANAGER> & {
        readonly roomID: string;
    };
    copyrightedMusic: Absent<typeof COPYRIGHTED_MUSIC>;
    streamCompositor: Absent<typeof STREAM_COMPOSITOR>;
}
type Failure = keyof Results;
type Absent<L extends Readonly<Record<string, string>>> = {
    [K in keyof L]: (...args: any[]) => L[K] extends Failure ? Results[L[K]] : never;
};
export type NotYetEngine = Absent<typeof ENGINE>;
export type NotYetLocalStream = Absent<typeof LOCAL_STREAM>;
export declare function addNotYet(target: object, list: keyof typeof LISTS): void;
/** For static members and internals, which configure things Salon does not have: nothing fails. */
export declare function notYetVoid(name: string): (...args: unknown[]) => void;
export {};
