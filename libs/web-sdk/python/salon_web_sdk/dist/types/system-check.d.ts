import type { ZegoCapabilityDetection, ZegoCapabilityType } from "./entities/index.js";
export declare function checkSystem(type?: ZegoCapabilityType): Promise<ZegoCapabilityDetection>;
