/**
 * The types app code names. Shapes are those of the ZEGO Express Web interface, version 3.12. Longer than other files:
 * one list is easier to look things up in.
 */

export interface ZegoServerResponse {
  errorCode: number;
  extendedData?: string;
}

export interface ZegoUser {
  userID: string;
  userName?: string;
}

export interface ZegoRoomConfig {
  userUpdate?: boolean;
  maxMemberCount?: number;
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

export interface ZegoPublishOption {
  videoCodec?: "H264" | "VP8" | "H265";
  extraInfo?: string;
  roomID?: string;
  streamParams?: string;
  isSEIStart?: boolean;
  SEIType?: number;
  enableDTX?: boolean;
  inspectFlag?: number;
  enableTrafficControl?: boolean;
  trafficControlFocusOnMode?: number;
  trafficControlMinVideoBitrate?: number;
  trafficControlMinVideoMode?: number;
  enableAutoSwitchVideoCodec?: boolean;
  forceSynchronousNetworkTime?: number;
}

export interface ZegoPlayOption {
  video?: boolean;
  audio?: boolean;
  streamParams?: string;
  resourceMode?: number;
  isSEIStart?: boolean;
  streamType?: number;
  jitterBufferTarget?: number;
  playoutDelayHint?: number;
  enableLowLatency?: boolean;
}

export interface ZegoVideoPlayOptions {
  mirror?: boolean;
  objectFit?: "contain" | "cover" | "fill";
  enableAutoplayDialog?: boolean;
  clearLastFrame?: boolean;
}

export interface ZegoAudioPlayOptions {
  enableAutoplayDialog?: boolean;
}

export interface ZegoViewPlayOptions extends ZegoVideoPlayOptions {
  muted?: boolean;
}

export interface ZegoSnapshotOptions {
  imageType?: "jpg" | "jpeg" | "png";
  quality?: number;
  save?: boolean;
  fileName?: string;
}

export interface ZegoDeviceInfo {
  deviceName: string;
  deviceID: string;
}

export interface ZegoDeviceInfos {
  cameras: ZegoDeviceInfo[];
  microphones: ZegoDeviceInfo[];
  speakers: ZegoDeviceInfo[];
}

export interface ZegoStreamList {
  streamID: string;
  user: ZegoUser;
  extraInfo: string;
  urlsFLV: string;
  urlsRTMP: string;
  urlsHLS: string;
  urlsHttpsFLV: string;
  urlsHttpsHLS: string;
}

export interface ZegoBroadcastMessageInfo {
  fromUser: ZegoUser;
  message: string;
  sendTime: number;
  messageID: number;
}

export interface ZegoBarrageMessageInfo {
  fromUser: ZegoUser;
  message: string;
  sendTime: number;
  messageID: string;
}

export type ZegoUpdateType = "ADD" | "DELETE";
export type ZegoRoomState = "DISCONNECTED" | "CONNECTING" | "CONNECTED";
export type ZegoRoomStateChangedReason =
  | "LOGINING"
  | "LOGINED"
  | "LOGIN_FAILED"
  | "RECONNECTING"
  | "RECONNECTED"
  | "RECONNECT_FAILED"
  | "KICKOUT"
  | "LOGOUT"
  | "LOGOUT_FAILED";

export interface ZegoPublisherState {
  streamID: string;
  state: "PUBLISHING" | "NO_PUBLISH" | "PUBLISH_REQUESTING";
  errorCode: number;
  extendedData: string;
}

export interface ZegoPlayerState {
  streamID: string;
  state: "PLAYING" | "NO_PLAY" | "PLAY_REQUESTING";
  errorCode: number;
  extendedData: string;
}

/** How strong each effect is, 0 (off) to 100; one that is left out is 50. */
export interface ZegoEffectsBeautyParam {
  /** Skin gets smoother; moles, lashes and edges stay. */
  smoothIntensity?: number;
  /** The whole picture gets brighter. */
  whitenIntensity?: number;
  /** The whole picture gets warmer. */
  rosyIntensity?: number;
  /** The whole picture gets crisper. */
  sharpenIntensity?: number;
}

/** Events that come with this version, and what their handlers get. */
export interface ZegoEvent {
  roomStateUpdate: (roomID: string, state: ZegoRoomState, errorCode: number, extendedData: string) => void;
  roomStateChanged: (
    roomID: string,
    reason: ZegoRoomStateChangedReason,
    errorCode: number,
    extendedData: string,
  ) => void;
  roomUserUpdate: (roomID: string, updateType: ZegoUpdateType, userList: ZegoUser[]) => void;
  roomStreamUpdate: (
    roomID: string,
    updateType: ZegoUpdateType,
    streamList: ZegoStreamList[],
    extendedData: string,
  ) => void;
  publisherStateUpdate: (state: ZegoPublisherState) => void;
  playerStateUpdate: (state: ZegoPlayerState) => void;
  screenSharingEnded: (stream: MediaStream) => void;
  IMRecvBroadcastMessage: (roomID: string, messages: ZegoBroadcastMessageInfo[]) => void;
  IMRecvBarrageMessage: (roomID: string, messages: ZegoBarrageMessageInfo[]) => void;
  IMRecvCustomCommand: (roomID: string, fromUser: ZegoUser, command: string) => void;
  videoDeviceStateChanged: (updateType: ZegoUpdateType, device: ZegoDeviceInfo) => void;
  audioDeviceStateChanged: (updateType: ZegoUpdateType, deviceType: "Input" | "Output", device: ZegoDeviceInfo) => void;
  deviceError: (errorCode: number, deviceName: string) => void;
  tokenWillExpire: (roomID: string) => void;
  beautyEffectError: (stream: MediaStream, errorCode: number, extendedData: string) => void;
}

export interface ZegoRoomExtraInfo {
  key: string;
  value: string;
  updateUser: ZegoUser;
  updateTime: number;
}

export interface ZegoSoundLevelInfo {
  streamID: string;
  soundLevel: number;
  type: "push" | "pull";
}

export interface ZegoPublishStats {
  video: ZegoVideoStats & { isHardwareEncode?: boolean };
  audio: ZegoAudioStats;
  nackCount?: number;
  pliCount?: number;
  totalRoundTripTime?: number;
  currentRoundTripTime?: number;
  qualityLimitationReason?: string;
  codecImplementationName?: string;
}

export interface ZegoPlayStats {
  video: ZegoVideoStats & {
    videoRenderFPS: number;
    videoFramesDecoded: number;
    videoFramesDropped: number;
    videoCumulativeDecodeTime: number;
    videoCumulativeBreakTime: number;
    videoCumulativeBreakRate: number;
  };
  audio: ZegoAudioStats & {
    audioJitter: number;
    audioLevel: number;
    audioSendLevel: number;
    audioSamplingRate: number;
    audioCumulativeDecodeTime: number;
    audioCumulativeBreakTime: number;
    audioCumulativeBreakRate: number;
  };
  peerToPeerDelay?: number;
  peerToPeerPacketLostRate?: number;
  nackCount?: number;
  pliCount?: number;
  currentRoundTripTime?: number;
}

export interface ZegoVideoStats {
  frameWidth: number;
  frameHeight: number;
  videoBitrate: number;
  videoFPS: number;
  videoTransferFPS: number;
  videoPacketsLost: number;
  videoPacketsLostRate: number;
  videoQuality: number;
  googCodecName: string;
  muteState: "0" | "1";
}

export interface ZegoAudioStats {
  audioBitrate: number;
  audioCodec: string;
  googCodecName: string;
  audioFPS: number;
  audioPacketsLost: number;
  audioPacketsLostRate: number;
  audioQuality: number;
  muteState: "0" | "1";
}

/** Events of the interface that this version accepts handlers for and does not send yet. */
export interface ZegoLaterEvent {
  backgroundEffectError: (stream: MediaStream, errorCode: number, extendedData: string) => void;
  publishQualityUpdate: (streamID: string, stats: ZegoPublishStats) => void;
  playQualityUpdate: (streamID: string, stats: ZegoPlayStats) => void;
  networkQuality: (userID: string, upstreamQuality: number, downstreamQuality: number) => void;
  streamExtraInfoUpdate: (
    roomID: string,
    streamList: { streamID: string; user: ZegoUser; extraInfo: string }[],
  ) => void;
  remoteCameraStatusUpdate: (streamID: string, status: "OPEN" | "MUTE") => void;
  remoteMicStatusUpdate: (streamID: string, status: "OPEN" | "MUTE") => void;
  soundLevelUpdate: (soundLevelList: ZegoSoundLevelInfo[]) => void;
  capturedSoundLevelUpdate: (soundLevel: number) => void;
  exceptionUpdate: (streamID: string, exception: { code: number; message: string }) => void;
  playerVideoTrackUpdate: (streamID: string, track: MediaStreamTrack) => void;
  playerAudioTrackUpdate: (streamID: string, track: MediaStreamTrack) => void;
  publisherVideoEncoderChanged: (fromCodecID: number, toCodecID: number, streamID: string) => void;
  roomOnlineUserCountUpdate: (roomID: string, count: number) => void;
  roomExtraInfoUpdate: (roomID: string, roomExtraInfoList: ZegoRoomExtraInfo[]) => void;
  recvRoomTransparentMessage: (roomID: string, message: { sendUser: ZegoUser; content: Uint8Array }) => void;
  playerRecvSEI: (...args: never[]) => void;
  mixerSoundLevelUpdate: (...args: never[]) => void;
  autoMixerSoundLevelUpdate: (...args: never[]) => void;
  mixerRelayCDNStateUpdate: (...args: never[]) => void;
  recvExperimentalAPI: (...args: never[]) => void;
  hallStateUpdate: (...args: never[]) => void;
}

export type ZegoEventHandlers = ZegoEvent & ZegoLaterEvent;

export interface ZegoLocalStreamEvent {
  autoplayFailed: (player: HTMLMediaElement) => void;
  canPlayVideo: () => void;
  canPlayAudio: () => void;
  autoplayCaptureFailed: (player: HTMLMediaElement) => void;
  canPlayCaptureVideo: () => void;
  canPlayCaptureAudio: () => void;
  videoTrackChanged: (track: MediaStreamTrack) => void;
  audioTrackChanged: (track: MediaStreamTrack) => void;
  captureVideoTrackChanged: (track: MediaStreamTrack) => void;
  captureAudioTrackChanged: (track: MediaStreamTrack) => void;
}

export interface ZegoStreamViewEvent {
  autoplayFailed: () => void;
  canPlayVideo: () => void;
  canPlayAudio: () => void;
}

/** Names that apps import for the same things. */
export type ZegoWebPublishOption = ZegoPublishOption;
export type ZegoPublishStreamConfig = ZegoPublishOption;
export type ZegoWebPlayOption = ZegoPlayOption;
export type ZegoRTCEvent = Omit<ZegoEventHandlers, keyof ZegoRTMEvent>;
export type ZegoRTMEvent = Pick<
  ZegoEventHandlers,
  | "roomStateUpdate"
  | "roomStateChanged"
  | "roomUserUpdate"
  | "roomOnlineUserCountUpdate"
  | "roomExtraInfoUpdate"
  | "tokenWillExpire"
  | "IMRecvBroadcastMessage"
  | "IMRecvBarrageMessage"
  | "IMRecvCustomCommand"
  | "recvRoomTransparentMessage"
  | "hallStateUpdate"
>;
