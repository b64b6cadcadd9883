// Longer than other files: lists to look names up in.
import { Code } from "../codes.js";
import type { ZegoPlayStats, ZegoPublishStats, ZegoServerResponse } from "../entities/index.js";
import { ZegoError } from "../errors.js";

/**
 * Members of the interface that this version does not have. They exist, say so once, and fail in the way their return
 * type allows, so that an app never meets "not a function".
 */
const REJECT = "reject";
const REJECT_BOOLEAN = "rejectBoolean";
const REJECT_ANY = "rejectAny";
const FALSE = "false";
const ZERO = "zero";
const PUBLISH_STATS = "publishStats";
const PLAY_STATS = "playStats";
const TIME_INFO = "timeInfo";
const NOTHING = "nothing";

const LOCAL_STREAM = {
  startCaptureMicrophone: REJECT,
  startCaptureCamera: REJECT,
  startCaptureCameraAndMicrophone: REJECT,
  startCaptureCustomAudio: REJECT,
  startCaptureCustomVideo: REJECT,
  startCaptureCustomVideoAndAudio: REJECT,
  startCaptureScreen: REJECT,
  startCaptureScreenWithAudio: REJECT,
  stopCaptureAudio: REJECT_BOOLEAN,
  stopCaptureVideo: REJECT_BOOLEAN,
} as const;

const ENGINE = {
  setTurnServer: NOTHING,
  uploadLog: REJECT,
  callExperimentalAPI: REJECT_ANY,
  getNetworkTimeInfo: TIME_INFO,
  switchRoom: REJECT_BOOLEAN,
  setRoomExtraInfo: REJECT,
  enableMultiRoom: FALSE,
  sendTransparentMessage: REJECT,
  addTrack: REJECT,
  removeTrack: REJECT,
  setVideoConfig: REJECT,
  setAudioConfig: REJECT,
  setCaptureVolume: REJECT,
  enableVideoCaptureDevice: REJECT_BOOLEAN,
  checkVideoTrackIsActive: REJECT_BOOLEAN,
  checkAudioTrackIsActive: REJECT_BOOLEAN,
  getElectronScreenSources: REJECT_ANY,
  setDummyCaptureImagePath: REJECT_BOOLEAN,
  createStreamCompositor: "streamCompositor",
  setCaptureAudioFrameCallback: REJECT,
  updatePublishingStream: REJECT,
  setStreamExtraInfo: REJECT,
  getPublishingStreamQuality: PUBLISH_STATS,
  enableDualStream: NOTHING,
  setLowStreamParameter: NOTHING,
  addPublishCdnUrl: REJECT,
  removePublishCdnUrl: REJECT,
  enableHardwareEncoder: NOTHING,
  setStreamAlignmentProperty: REJECT_BOOLEAN,
  setSEIConfig: NOTHING,
  sendSEI: FALSE,
  mutePlayStreamVideo: REJECT_BOOLEAN,
  mutePlayStreamAudio: REJECT_BOOLEAN,
  muteAllPlayAudioStreams: REJECT_BOOLEAN,
  muteAllPlayVideoStreams: REJECT_BOOLEAN,
  getPlayingStreamQuality: PLAY_STATS,
  setPlayStreamVideoType: REJECT_BOOLEAN,
  setAudioFrameCallback: REJECT,
  enableAutoSwitchDevice: NOTHING,
  setSoundLevelDelegate: NOTHING,
  setLowlightEnhancement: REJECT,
  initBackgroundModule: REJECT,
  setBackgroundBlurOptions: REJECT_BOOLEAN,
  setVirtualBackgroundOptions: REJECT_BOOLEAN,
  enableBackgroundProcess: REJECT,
  setTransparentBackgroundOptions: REJECT_BOOLEAN,
  setVoiceChangerPreset: REJECT,
  setVoiceChangerParam: REJECT,
  setReverbPreset: REJECT,
  enableVirtualStereo: REJECT,
  enableLiveAudioEffect: REJECT,
  setAudioChangerParam: REJECT,
  enableAiDenoise: REJECT,
  setAiDenoiseMode: REJECT,
  startMixingAudio: FALSE,
  stopMixingAudio: FALSE,
  setMixingAudioVolume: FALSE,
  createAudioEffectPlayer: "audioEffectPlayer",
  loadAudioEffect: REJECT,
  unloadAudioEffect: FALSE,
  startMixerTask: REJECT_ANY,
  stopMixerTask: REJECT,
  setMixerTaskConfig: REJECT,
  startAutoMixerTask: REJECT,
  stopAutoMixerTask: REJECT,
  createRangeAudioInstance: "rangeAudio",
  createRealTimeSequentialDataManager: "dataManager",
  destroyRealTimeSequentialDataManager: NOTHING,
  createCopyrightedMusic: "copyrightedMusic",
  destroyCopyrightedMusic: NOTHING,
} as const;

const AUDIO_EFFECT_PLAYER = {
  start: NOTHING,
  stop: FALSE,
  pause: FALSE,
  resume: FALSE,
  setVolume: FALSE,
  getTotalDuration: ZERO,
  getCurrentProgress: ZERO,
  seekTo: FALSE,
} as const;

const RANGE_AUDIO = {
  enableAiDenoise: FALSE,
  setAiDenoiseMode: FALSE,
  enableAudioSourceUpdateChecker: NOTHING,
  on: FALSE,
  off: FALSE,
  setAudioReceiveRange: NOTHING,
  updateSelfPosition: NOTHING,
  updateAudioSource: NOTHING,
  enableSpatializer: NOTHING,
  enableMicrophone: NOTHING,
  selectMicrophone: REJECT_BOOLEAN,
  selectSpeaker: NOTHING,
  enableSpeaker: NOTHING,
  setRangeAudioCustomMode: NOTHING,
  setRangeAudioMode: NOTHING,
  setTeamID: NOTHING,
  setPositionUpdateFrequency: NOTHING,
  setRangeAudioVolume: NOTHING,
  setVoiceChangerPreset: FALSE,
  setVoiceChangerParam: FALSE,
  isAudioContextRunning: FALSE,
  resumeAudioContext: REJECT_BOOLEAN,
  setStreamVocalRange: NOTHING,
  updateStreamPosition: NOTHING,
  setCustomSourceVocalRange: NOTHING,
  updateCustomSourcePosition: NOTHING,
} as const;

const DATA_MANAGER = {
  reset: NOTHING,
  startBroadcasting: REJECT_BOOLEAN,
  stopBroadcasting: FALSE,
  sendRealTimeSequentialData: FALSE,
  startSubscribing: REJECT_BOOLEAN,
  stopSubscribing: FALSE,
  on: NOTHING,
  off: NOTHING,
} as const;

const COPYRIGHTED_MUSIC = {
  destroyInstance: NOTHING,
  initCopyrightedMusic: REJECT_ANY,
  sendExtendedRequest: REJECT_ANY,
  requestResource: REJECT_ANY,
  getSharedResource: REJECT_ANY,
  getSharedResourceByToken: REJECT_ANY,
  getLrcLyric: REJECT_ANY,
  getKrcLyricByToken: REJECT_ANY,
  download: REJECT_ANY,
  clearCache: NOTHING,
  startScore: REJECT_ANY,
  stopScore: ZERO,
  pauseScore: ZERO,
  resumeScore: ZERO,
  resetScore: ZERO,
  getPreviousScore: REJECT_ANY,
  getAverageScore: REJECT_ANY,
  getTotalScore: REJECT_ANY,
  getFullScore: REJECT_ANY,
  getStandardPitch: REJECT_ANY,
  getCurrentPitch: REJECT_ANY,
  setScoringLevel: NOTHING,
  getDuration: ZERO,
  on: FALSE,
  off: FALSE,
} as const;

const STREAM_COMPOSITOR = {
  addImage: NOTHING,
  removeImage: NOTHING,
  setInputEndpoint: REJECT_ANY,
  setOutputConfig: NOTHING,
  startComposingStream: REJECT_ANY,
  stopComposingStream: REJECT_BOOLEAN,
} as const;

/** What factories of features that are left out give: objects on which nothing works and nothing breaks. */
const OBJECTS = {
  audioEffectPlayer: AUDIO_EFFECT_PLAYER,
  rangeAudio: RANGE_AUDIO,
  dataManager: DATA_MANAGER,
  copyrightedMusic: COPYRIGHTED_MUSIC,
  streamCompositor: STREAM_COMPOSITOR,
} as const;

const LISTS = { engine: ENGINE, localStream: LOCAL_STREAM } as const;

/** What the declarations promise; at run time each fails within it. */
interface Results {
  reject: Promise<ZegoServerResponse>;
  rejectBoolean: Promise<boolean>;
  rejectAny: Promise<any>;
  publishStats: ZegoPublishStats | null;
  playStats: ZegoPlayStats | null;
  timeInfo: { timestamp: number; maxDeviation: number };
  false: boolean;
  zero: number;
  nothing: void;
  audioEffectPlayer: Absent<typeof AUDIO_EFFECT_PLAYER>;
  rangeAudio: Absent<typeof RANGE_AUDIO>;
  dataManager: Absent<typeof DATA_MANAGER> & { readonly roomID: string };
  copyrightedMusic: Absent<typeof COPYRIGHTED_MUSIC>;
  streamCompositor: Absent<typeof STREAM_COMPOSITOR>;
}

type Failure = keyof Results;
type Absent<L extends Readonly<Record<string, string>>> = {
  [K in keyof L]: (...args: any[]) => L[K] extends Failure ? Results[L[K]] : never;
};

export type NotYetEngine = Absent<typeof ENGINE>;
export type NotYetLocalStream = Absent<typeof LOCAL_STREAM>;

const warned = new Set<string>();

function absent(name: string, failure: Failure): (...args: unknown[]) => unknown {
  return (...args) => {
    const error = new ZegoError(Code.MODULE_NOT_IMPORTED, `${name} is not available in this version.`);
    if (!warned.has(name)) {
      warned.add(name);
      console.warn("[salon]", "not-available", { name, err_code: error.errorCode });
    }
    switch (failure) {
      case FALSE:
        return false;
      case ZERO:
        return 0;
      case NOTHING:
        return undefined;
      case PUBLISH_STATS:
      case PLAY_STATS:
        return null;
      case TIME_INFO:
        return { timestamp: 0, maxDeviation: 0 };
      case REJECT:
      case REJECT_BOOLEAN:
      case REJECT_ANY:
        return Promise.reject(error);
      default:
        return inert(failure, args[0]);
    }
  };
}

function inert(kind: keyof typeof OBJECTS, first: unknown): object {
  const made = {};
  addAll(made, OBJECTS[kind], `${kind}.`);
  return kind === "dataManager" ? Object.assign(made, { roomID: typeof first === "string" ? first : "" }) : made;
}

function addAll(target: object, list: Readonly<Record<string, Failure>>, prefix: string): void {
  for (const [name, failure] of Object.entries(list)) {
    Object.defineProperty(target, name, { value: absent(prefix + name, failure), writable: true, configurable: true });
  }
}

export function addNotYet(target: object, list: keyof typeof LISTS): void {
  addAll(target, LISTS[list], "");
}

/** For static members and internals, which configure things Salon does not have: nothing fails. */
export function notYetVoid(name: string): (...args: unknown[]) => void {
  return absent(name, NOTHING) as () => void;
}
