/**
 * Members of the interface that this version does not have, and how each fails: in the way its return type allows, so
 * that an app never meets "not a function".
 */
export const REJECT = "reject";
export const REJECT_BOOLEAN = "rejectBoolean";
export const REJECT_ANY = "rejectAny";
export const FALSE = "false";
export const ZERO = "zero";
export const PUBLISH_STATS = "publishStats";
export const PLAY_STATS = "playStats";
export const TIME_INFO = "timeInfo";
export const NOTHING = "nothing";

export const LOCAL_STREAM = {
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

export const ENGINE = {
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

export const AUDIO_EFFECT_PLAYER = {
  start: NOTHING,
  stop: FALSE,
  pause: FALSE,
  resume: FALSE,
  setVolume: FALSE,
  getTotalDuration: ZERO,
  getCurrentProgress: ZERO,
  seekTo: FALSE,
} as const;

export const RANGE_AUDIO = {
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

export const DATA_MANAGER = {
  reset: NOTHING,
  startBroadcasting: REJECT_BOOLEAN,
  stopBroadcasting: FALSE,
  sendRealTimeSequentialData: FALSE,
  startSubscribing: REJECT_BOOLEAN,
  stopSubscribing: FALSE,
  on: NOTHING,
  off: NOTHING,
} as const;

export const COPYRIGHTED_MUSIC = {
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

export const STREAM_COMPOSITOR = {
  addImage: NOTHING,
  removeImage: NOTHING,
  setInputEndpoint: REJECT_ANY,
  setOutputConfig: NOTHING,
  startComposingStream: REJECT_ANY,
  stopComposingStream: REJECT_BOOLEAN,
} as const;

/** What factories of features that are left out give: objects on which nothing works and nothing breaks. */
export const OBJECTS = {
  audioEffectPlayer: AUDIO_EFFECT_PLAYER,
  rangeAudio: RANGE_AUDIO,
  dataManager: DATA_MANAGER,
  copyrightedMusic: COPYRIGHTED_MUSIC,
  streamCompositor: STREAM_COMPOSITOR,
} as const;

export const LISTS = { engine: ENGINE, localStream: LOCAL_STREAM } as const;
