export interface ConstraintExtend {
  exact?: number;
  ideal?: number;
  max?: number;
  min?: number;
}

export type ZegoOptimizationMode = "default" | "motion" | "detail";

export type ZegoQuality = 1 | 2 | 3 | 4;

export interface ZegoCaptureCamera {
  input?: string;
  quality?: ZegoQuality;
  facingMode?: "user" | "environment";
  width?: number | ConstraintExtend;
  height?: number | ConstraintExtend;
  frameRate?: number | ConstraintExtend;
  optimizationMode?: ZegoOptimizationMode;
  keyFrameInterval?: number;
}

export interface ZegoCaptureMicrophone {
  input?: string;
  channelCount?: 1 | 2;
  ANS?: boolean;
  AGC?: boolean;
  AEC?: boolean;
}

export interface ZegoCaptureScreenVideo {
  quality?: ZegoQuality;
  width?: number | ConstraintExtend;
  height?: number | ConstraintExtend;
  frameRate?: number | ConstraintExtend;
  optimizationMode?: ZegoOptimizationMode;
  sourceID?: string;
  keyFrameInterval?: number;
  captureElement?: HTMLElement;
}

export interface ZegoCaptureScreenAudio {
  ANS?: boolean;
  AGC?: boolean;
  AEC?: boolean;
}

export interface ZegoCustomVideo {
  source: HTMLMediaElement | MediaStream;
  optimizationMode?: ZegoOptimizationMode;
  keyFrameInterval?: number;
}

export interface ZegoCustomAudio {
  source: HTMLMediaElement | MediaStream;
  channelCount?: 1 | 2;
}

export interface ZegoVideoBitrate {
  bitrate?: number;
  startBitrate?: "default" | "target";
  minBitrate?: number;
}

/** The flat fields of version 2, taken as aliases by `createZegoStream` too. */
export interface ZegoCamera {
  audio?: boolean;
  audioInput?: string;
  audioBitrate?: number;
  video?: boolean;
  videoInput?: string;
  videoQuality?: number;
  facingMode?: "user" | "environment";
  channelCount?: 1 | 2;
  ANS?: boolean;
  AGC?: boolean;
  AEC?: boolean;
  width?: number | ConstraintExtend;
  height?: number | ConstraintExtend;
  bitrate?: number;
  bitRate?: number;
  frameRate?: number | ConstraintExtend;
  startBitrate?: "default" | "target";
  videoOptimizationMode?: ZegoOptimizationMode;
  minBitrate?: number;
  keyFrameInterval?: number;
}

export interface ZegoScreen {
  captureElement?: HTMLElement;
  audio?: boolean;
  audioBitrate?: number;
  videoQuality?: number;
  width?: number | ConstraintExtend;
  height?: number | ConstraintExtend;
  bitrate?: number;
  bitRate?: number;
  frameRate?: number | ConstraintExtend;
  startBitrate?: "default" | "target";
  videoOptimizationMode?: ZegoOptimizationMode;
  sourceID?: string;
  minBitrate?: number;
  keyFrameInterval?: number;
  ANS?: boolean;
  AGC?: boolean;
  AEC?: boolean;
}

export interface ZegoCustom {
  source?: HTMLMediaElement | MediaStream;
  bitrate?: number;
  audioBitrate?: number;
  channelCount?: 1 | 2;
  startBitrate?: "default" | "target";
  minBitrate?: number;
  videoOptimizationMode?: ZegoOptimizationMode;
  keyFrameInterval?: number;
}

export interface ZegoStreamOptions {
  camera?: Omit<ZegoCamera, "video" | "audio"> & {
    video?: boolean | ZegoCaptureCamera;
    audio?: boolean | ZegoCaptureMicrophone;
  };
  screen?: Omit<ZegoScreen, "audio"> & {
    video?: boolean | ZegoCaptureScreenVideo;
    audio?: boolean | ZegoCaptureScreenAudio;
  };
  custom?: ZegoCustom & { video?: ZegoCustomVideo; audio?: ZegoCustomAudio };
  videoBitrate?: number | ZegoVideoBitrate;
  audioBitrate?: number;
  autoCapture?: boolean;
  autoPlay?: boolean;
  captureView?: HTMLElement;
  view?: HTMLElement;
  multiplacePreview?: boolean;
}

export interface ZegoLocalStreamConfig {
  camera?: ZegoCamera;
  screen?: boolean | ZegoScreen;
  custom?: ZegoCustom;
}
