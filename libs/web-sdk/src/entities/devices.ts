export interface ZegoDeviceInfo {
  deviceName: string;
  deviceID: string;
}

export interface ZegoDeviceInfos {
  cameras: ZegoDeviceInfo[];
  microphones: ZegoDeviceInfo[];
  speakers: ZegoDeviceInfo[];
}
