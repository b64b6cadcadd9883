import { ZegoError } from "../errors.js";
import type { CapturePlan } from "./plan.js";
export interface Captured {
    tracks: MediaStreamTrack[];
    /** Tracks that are the app's own go on when the stream is destroyed. */
    owned: boolean;
}
/** Opens what the plan says, or rejects with the code that tells why not. */
export declare function capture(plan: CapturePlan): Promise<Captured>;
export declare function deviceError(thrown: unknown): ZegoError;
