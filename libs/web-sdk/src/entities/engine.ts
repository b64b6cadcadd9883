export interface ZegoServerResponse {
  errorCode: number;
  extendedData?: string;
}

export interface ZegoEngineOptions {
  scenario: number;
}

export const ZegoScenario = {
  Default: 3,
  StandardVideoCall: 4,
  HighQualityVideoCall: 5,
  HighVideoCall: 5,
  StandardChatroom: 6,
  HighQualityChatroom: 7,
  Broadcast: 8,
  Karaoke: 9,
} as const;

export interface ZegoLogConfig {
  logLevel?: "debug" | "info" | "warn" | "error" | "report" | "disable";
  remoteLogLevel?: "debug" | "info" | "warn" | "error" | "disable";
  logURL?: string;
  logCount?: number;
  logSize?: number;
}

export type ZegoCapabilityType =
  "webRTC" | "customCapture" | "camera" | "microphone" | "screenSharing" | "H264" | "H265" | "VP8" | "VP9";

export interface ZegoCapabilityError {
  name: string;
  message: string;
}

export interface ZegoCapabilityDetection {
  result?: boolean;
  webRTC: boolean;
  customCapture: boolean;
  camera: boolean;
  microphone: boolean;
  screenSharing: boolean;
  videoCodec: { H264: boolean; H265: boolean; VP8: boolean; VP9: boolean };
  errInfo: {
    webRTC?: ZegoCapabilityError;
    customCapture?: ZegoCapabilityError;
    camera?: ZegoCapabilityError;
    microphone?: ZegoCapabilityError;
    screenSharing?: ZegoCapabilityError;
    extendedDate?: string;
  };
}
