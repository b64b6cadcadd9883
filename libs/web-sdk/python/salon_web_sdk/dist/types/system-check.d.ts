import type { ZegoCapabilityDetection, ZegoCapabilityType } from "./entities.js";
export declare function checkSystem(type?: ZegoCapabilityType): Promise<ZegoCapabilityDetection>;
