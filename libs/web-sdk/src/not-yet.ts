import { Code } from "./codes.js";
import type { ZegoServerResponse } from "./entities.js";
import { ZegoError } from "./errors.js";

/**
 * Members of the interface that this version does not have. They exist, say so once, and fail in the way their return
 * type allows, so that an app never meets "not a function".
 */
const REJECT = "reject";
const FALSE = "false";
const NULL = "null";
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
  stopCaptureAudio: REJECT,
  stopCaptureVideo: REJECT,
} as const;

const ENGINE = {
  setTurnServer: FALSE,
  uploadLog: REJECT,
  callExperimentalAPI: REJECT,
  getNetworkTimeInfo: REJECT,
  renewToken: FALSE,
  switchRoom: REJECT,
  setRoomExtraInfo: REJECT,
  enableMultiRoom: FALSE,
  sendTransparentMessage: REJECT,
  replaceTrack: REJECT,
  addTrack: REJECT,
  removeTrack: REJECT,
  setVideoConfig: REJECT,
  setAudioConfig: REJECT,
  setCaptureVolume: REJECT,
  enableVideoCaptureDevice: REJECT,
  checkVideoTrackIsActive: REJECT,
  checkAudioTrackIsActive: REJECT,
  getElectronScreenSources: REJECT,
  setDummyCaptureImagePath: REJECT,
  createStreamCompositor: NULL,
  setCaptureAudioFrameCallback: FALSE,
  updatePublishingStream: REJECT,
  setStreamExtraInfo: REJECT,
  getPublishingStreamQuality: NULL,
  enableDualStream: FALSE,
  setLowStreamParameter: FALSE,
  addPublishCdnUrl: REJECT,
  removePublishCdnUrl: REJECT,
  enableHardwareEncoder: FALSE,
  setStreamAlignmentProperty: FALSE,
  setSEIConfig: FALSE,
  sendSEI: FALSE,
  mutePlayStreamVideo: REJECT,
  mutePlayStreamAudio: REJECT,
  muteAllPlayAudioStreams: REJECT,
  muteAllPlayVideoStreams: REJECT,
  getPlayingStreamQuality: NULL,
  setPlayStreamVideoType: REJECT,
  setAudioFrameCallback: FALSE,
  useVideoDevice: REJECT,
  useAudioDevice: REJECT,
  useFrontCamera: REJECT,
  enableAutoSwitchDevice: FALSE,
  setSoundLevelDelegate: NOTHING,
  setEffectsBeauty: REJECT,
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
  startMixerTask: REJECT,
  stopMixerTask: REJECT,
  setMixerTaskConfig: REJECT,
  startAutoMixerTask: REJECT,
  stopAutoMixerTask: REJECT,
  createRangeAudioInstance: NULL,
  createRealTimeSequentialDataManager: NULL,
  destroyRealTimeSequentialDataManager: FALSE,
  createCopyrightedMusic: REJECT,
  destroyCopyrightedMusic: REJECT,
} as const;

const LISTS = { engine: ENGINE, localStream: LOCAL_STREAM } as const;

interface Results {
  reject: Promise<ZegoServerResponse>;
  false: boolean;
  null: null;
  nothing: void;
}

type Absent<L extends Record<string, keyof Results>> = { [K in keyof L]: (...args: unknown[]) => Results[L[K]] };

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
    if (failure === REJECT) return Promise.reject(error);
    return { [FALSE]: false, [NULL]: null, [NOTHING]: undefined }[failure];
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
