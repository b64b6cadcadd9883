import { Code } from "./codes.js";
import type { ZegoPlayStats, ZegoPublishStats, ZegoServerResponse } from "./entities.js";
import { ZegoError } from "./errors.js";

/**
 * Members of the interface that this version does not have. They exist, say so once, and fail in the way their return
 * type allows, so that an app never meets "not a function".
 */
const REJECT = "reject";
const REJECT_BOOLEAN = "rejectBoolean";
const REJECT_ANY = "rejectAny";
const FALSE = "false";
const NULL = "null";
const PUBLISH_STATS = "publishStats";
const PLAY_STATS = "playStats";
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
  setTurnServer: FALSE,
  uploadLog: REJECT,
  callExperimentalAPI: REJECT_ANY,
  getNetworkTimeInfo: REJECT_ANY,
  renewToken: FALSE,
  switchRoom: REJECT_BOOLEAN,
  setRoomExtraInfo: REJECT,
  enableMultiRoom: FALSE,
  sendTransparentMessage: REJECT,
  replaceTrack: REJECT,
  addTrack: REJECT,
  removeTrack: REJECT,
  setVideoConfig: REJECT,
  setAudioConfig: REJECT,
  setCaptureVolume: REJECT,
  enableVideoCaptureDevice: REJECT_BOOLEAN,
  checkVideoTrackIsActive: REJECT_BOOLEAN,
  checkAudioTrackIsActive: REJECT_BOOLEAN,
  getElectronScreenSources: REJECT_ANY,
  setDummyCaptureImagePath: REJECT,
  createStreamCompositor: NULL,
  setCaptureAudioFrameCallback: FALSE,
  updatePublishingStream: REJECT,
  setStreamExtraInfo: REJECT,
  getPublishingStreamQuality: PUBLISH_STATS,
  enableDualStream: FALSE,
  setLowStreamParameter: FALSE,
  addPublishCdnUrl: REJECT,
  removePublishCdnUrl: REJECT,
  enableHardwareEncoder: FALSE,
  setStreamAlignmentProperty: FALSE,
  setSEIConfig: FALSE,
  sendSEI: FALSE,
  mutePlayStreamVideo: REJECT_BOOLEAN,
  mutePlayStreamAudio: REJECT_BOOLEAN,
  muteAllPlayAudioStreams: REJECT_BOOLEAN,
  muteAllPlayVideoStreams: REJECT_BOOLEAN,
  getPlayingStreamQuality: PLAY_STATS,
  setPlayStreamVideoType: REJECT_BOOLEAN,
  setAudioFrameCallback: FALSE,
  useVideoDevice: REJECT,
  useAudioDevice: REJECT,
  useFrontCamera: REJECT,
  enableAutoSwitchDevice: FALSE,
  setSoundLevelDelegate: NOTHING,
  setLowlightEnhancement: REJECT,
  initBackgroundModule: REJECT,
  setBackgroundBlurOptions: REJECT,
  setVirtualBackgroundOptions: REJECT,
  enableBackgroundProcess: REJECT,
  setTransparentBackgroundOptions: REJECT,
  setVoiceChangerPreset: FALSE,
  setVoiceChangerParam: FALSE,
  setReverbPreset: FALSE,
  enableVirtualStereo: FALSE,
  enableLiveAudioEffect: REJECT,
  setAudioChangerParam: FALSE,
  enableAiDenoise: REJECT,
  setAiDenoiseMode: REJECT,
  startMixingAudio: FALSE,
  stopMixingAudio: FALSE,
  setMixingAudioVolume: FALSE,
  createAudioEffectPlayer: NULL,
  loadAudioEffect: REJECT,
  unloadAudioEffect: FALSE,
  startMixerTask: REJECT_ANY,
  stopMixerTask: REJECT,
  setMixerTaskConfig: REJECT,
  startAutoMixerTask: REJECT,
  stopAutoMixerTask: REJECT,
  createRangeAudioInstance: NULL,
  createRealTimeSequentialDataManager: NULL,
  destroyRealTimeSequentialDataManager: FALSE,
  createCopyrightedMusic: REJECT_ANY,
  destroyCopyrightedMusic: REJECT,
} as const;

const LISTS = { engine: ENGINE, localStream: LOCAL_STREAM } as const;

/** What the declarations promise; at run time each fails. */
interface Results {
  reject: Promise<ZegoServerResponse>;
  rejectBoolean: Promise<boolean>;
  rejectAny: Promise<any>;
  publishStats: ZegoPublishStats | null;
  playStats: ZegoPlayStats | null;
  false: boolean;
  /** Objects of features that are left out; apps only hand them on. */
  null: any;
  nothing: void;
}

type Absent<L extends Record<string, keyof Results>> = { [K in keyof L]: (...args: any[]) => Results[L[K]] };

export type NotYetEngine = Absent<typeof ENGINE>;
export type NotYetLocalStream = Absent<typeof LOCAL_STREAM>;

const told = new Set<string>();

function absent(name: string, failure: keyof Results): () => unknown {
  return () => {
    const error = new ZegoError(Code.MODULE_NOT_IMPORTED, `${name} is not available in this version.`);
    if (!told.has(name)) {
      told.add(name);
      console.warn("[salon]", "not-available", { name, err_code: error.errorCode });
    }
    if (failure === FALSE) return false;
    if (failure === NOTHING) return undefined;
    if (failure === NULL || failure === PUBLISH_STATS || failure === PLAY_STATS) return null;
    return Promise.reject(error);
  };
}

export function addNotYet(target: object, list: keyof typeof LISTS): void {
  for (const [name, failure] of Object.entries(LISTS[list])) {
    Object.defineProperty(target, name, { value: absent(name, failure), writable: true, configurable: true });
  }
}

/** For static members, which configure things Salon does not have: nothing fails. */
export function notYetStatic(name: string): (...args: unknown[]) => void {
  return absent(name, NOTHING) as () => void;
}
