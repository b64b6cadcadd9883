import type { ZegoDeviceInfo, ZegoDeviceInfos } from "../entities/index.js";
export declare function devicesOf(group: keyof ZegoDeviceInfos): Promise<ZegoDeviceInfo[]>;
export declare function allDevices(): Promise<ZegoDeviceInfos>;
