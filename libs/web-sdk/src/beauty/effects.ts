import { Code } from "../codes.js";
import type { ZegoEffectsBeautyParam } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import type { StreamEffects } from "../signaling/messages.js";

const DEFAULT_INTENSITY = 50;
const MAX_INTENSITY = 100;

/** How strong each effect is, 0..100, by what it does to the picture. */
export interface Strengths {
  smooth: number;
  whiten: number;
  rosy: number;
  sharpen: number;
}

/** What goes to the server. Every call says all four: one that is left out is 50, whatever it was before. */
export function toStreamEffects(enable: unknown, options: unknown): StreamEffects {
  if (typeof enable !== "boolean") throw new ZegoError(Code.PARAMETER, "Whether beauty is on is not a boolean.");
  if (!enable) return { enabled: false };
  const given = options ?? {};
  if (typeof given !== "object") throw new ZegoError(Code.PARAMETER, "The beauty options are not an object.");
  const intensity = (name: keyof ZegoEffectsBeautyParam): number => {
    const value: unknown = (given as Record<string, unknown>)[name] ?? DEFAULT_INTENSITY;
    // NaN is in no range.
    if (typeof value === "number" && value >= 0 && value <= MAX_INTENSITY) return value;
    throw new ZegoError(Code.PARAMETER, `${name} is not a number from 0 to 100.`);
  };
  return {
    enabled: true,
    smoothIntensity: intensity("smoothIntensity"),
    whitenIntensity: intensity("whitenIntensity"),
    rosyIntensity: intensity("rosyIntensity"),
    sharpenIntensity: intensity("sharpenIntensity"),
  };
}

/** What the picture should look like; null if it should stay as it is. */
export function toStrengths(effects: StreamEffects | null): Strengths | null {
  if (effects?.enabled !== true) return null;
  const { smoothIntensity = 0, whitenIntensity = 0, rosyIntensity = 0, sharpenIntensity = 0 } = effects;
  if (smoothIntensity + whitenIntensity + rosyIntensity + sharpenIntensity === 0) return null;
  return { smooth: smoothIntensity, whiten: whitenIntensity, rosy: rosyIntensity, sharpen: sharpenIntensity };
}
