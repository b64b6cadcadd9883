import type { StreamEffects } from "../signaling/wire.js";
/** How strong each effect is, 0..100, by what it does to the picture. */
export interface Strengths {
    smooth: number;
    whiten: number;
    rosy: number;
    sharpen: number;
}
/** What goes to the server. Every call says all four: one that is left out is 50, whatever it was before. */
export declare function toStreamEffects(enable: unknown, options: unknown): StreamEffects;
/** What the picture should look like; null if it should stay as it is. */
export declare function toStrengths(effects: StreamEffects | null): Strengths | null;
