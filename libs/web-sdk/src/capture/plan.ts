import type {
  ConstraintExtend,
  ZegoCaptureCamera,
  ZegoCaptureMicrophone,
  ZegoCaptureScreenAudio,
  ZegoCaptureScreenVideo,
  ZegoOptimizationMode,
  ZegoStreamOptions,
} from "../entities/index.js";
import { CAMERA_PRESETS, SCREEN_PRESETS, scenarioPreset, type VideoPreset } from "./presets.js";

/** How the encoder is to be set up, whatever the source. */
export interface EncodingPlan {
  videoKbps: number;
  startKbps: number | null;
  audioKbps: number;
  channelCount: 1 | 2;
  optimizationMode: ZegoOptimizationMode;
}

/** What to capture, with every option of both interface versions worked in. */
export type CapturePlan =
  | { source: "camera"; constraints: MediaStreamConstraints; encoding: EncodingPlan }
  | {
      source: "screen";
      constraints: DisplayMediaStreamOptions;
      captureElement: HTMLElement | null;
      encoding: EncodingPlan;
    }
  | {
      source: "custom";
      video: HTMLMediaElement | MediaStream | null;
      audio: HTMLMediaElement | MediaStream | null;
      encoding: EncodingPlan;
    };

const DEFAULT_AUDIO_KBPS = 48;
const DEFAULT_CUSTOM_KBPS = 800;

export function planCapture(options: ZegoStreamOptions | null | undefined, scenario: number): CapturePlan {
  const given = options ?? {};
  // Apps that build the options write `screen: sharing && {…}`.
  if (given.screen) return planScreen(given);
  if (given.custom) return planCustom(given);
  return planCamera(given, scenario);
}

function planCamera(options: ZegoStreamOptions, scenario: number): CapturePlan {
  const flat = options.camera ?? {};
  const preset = scenarioPreset(scenario);
  const nested = typeof flat.video === "object" ? flat.video : {};
  const wantsVideo = flat.video === undefined ? preset.camera : flat.video !== false;
  const wantsAudio = flat.audio !== false;
  const video: ZegoCaptureCamera = {
    input: nested.input ?? flat.videoInput,
    facingMode: nested.facingMode ?? flat.facingMode,
    width: nested.width ?? flat.width,
    height: nested.height ?? flat.height,
    frameRate: nested.frameRate ?? flat.frameRate,
  };
  const quality = nested.quality ?? flat.videoQuality;
  const base = presetOf(CAMERA_PRESETS, quality, preset.video);
  const microphone = typeof flat.audio === "object" ? flat.audio : {};
  const audio: ZegoCaptureMicrophone = {
    input: microphone.input ?? flat.audioInput,
    channelCount: microphone.channelCount ?? flat.channelCount,
    ANS: microphone.ANS ?? flat.ANS,
    AGC: microphone.AGC ?? flat.AGC,
    AEC: microphone.AEC ?? flat.AEC,
  };
  return {
    source: "camera",
    constraints: {
      video: wantsVideo ? cameraConstraints(video, base, quality) : false,
      audio: wantsAudio ? microphoneConstraints(audio) : false,
    },
    encoding: {
      ...bitrates(options, flat, base.kbps, "default"),
      channelCount: audio.channelCount ?? 1,
      optimizationMode: nested.optimizationMode ?? flat.videoOptimizationMode ?? "default",
    },
  };
}

function planScreen(options: ZegoStreamOptions): CapturePlan {
  const flat = options.screen ?? {};
  const nested = typeof flat.video === "object" ? flat.video : {};
  const quality = nested.quality ?? flat.videoQuality;
  const base = presetOf(SCREEN_PRESETS, quality, SCREEN_PRESETS[2]);
  const video: ZegoCaptureScreenVideo = {
    width: nested.width ?? flat.width,
    height: nested.height ?? flat.height,
    frameRate: nested.frameRate ?? flat.frameRate,
  };
  const wantsAudio = flat.audio !== undefined && flat.audio !== false;
  const sound = typeof flat.audio === "object" ? flat.audio : flat;
  return {
    source: "screen",
    constraints: { video: screenConstraints(video, base), audio: wantsAudio ? screenAudioConstraints(sound) : false },
    captureElement: nested.captureElement ?? flat.captureElement ?? null,
    encoding: {
      ...bitrates(options, flat, base.kbps, "target"),
      channelCount: 1,
      optimizationMode: nested.optimizationMode ?? flat.videoOptimizationMode ?? "default",
    },
  };
}

function planCustom(options: ZegoStreamOptions): CapturePlan {
  const flat = options.custom ?? {};
  return {
    source: "custom",
    video: flat.video?.source ?? flat.source ?? null,
    audio: flat.audio?.source ?? flat.source ?? null,
    encoding: {
      ...bitrates(options, flat, DEFAULT_CUSTOM_KBPS, "default"),
      channelCount: flat.audio?.channelCount ?? flat.channelCount ?? 1,
      optimizationMode: flat.video?.optimizationMode ?? flat.videoOptimizationMode ?? "default",
    },
  };
}

interface FlatBitrates {
  bitrate?: number;
  bitRate?: number;
  audioBitrate?: number;
  startBitrate?: "default" | "target";
}

function bitrates(
  options: ZegoStreamOptions,
  flat: FlatBitrates,
  presetKbps: number,
  start: "default" | "target",
): Pick<EncodingPlan, "videoKbps" | "startKbps" | "audioKbps"> {
  const nested = typeof options.videoBitrate === "object" ? options.videoBitrate : {};
  const plain = typeof options.videoBitrate === "number" ? options.videoBitrate : undefined;
  const videoKbps = plain ?? nested.bitrate ?? flat.bitrate ?? flat.bitRate ?? presetKbps;
  const startMode = nested.startBitrate ?? flat.startBitrate ?? start;
  return {
    videoKbps,
    startKbps: startMode === "target" ? videoKbps : null,
    audioKbps: options.audioBitrate ?? flat.audioBitrate ?? DEFAULT_AUDIO_KBPS,
  };
}

/** Quality 4 means "my own numbers"; those not given come from the default. */
function presetOf(
  presets: Readonly<Record<1 | 2 | 3, VideoPreset>>,
  quality: number | undefined,
  fallback: VideoPreset,
): VideoPreset {
  return quality === 1 || quality === 2 || quality === 3 ? presets[quality] : fallback;
}

/** Numbers given beside quality 1 to 3 are ignored, as the preset was asked for by name. */
function cameraConstraints(
  video: ZegoCaptureCamera,
  preset: VideoPreset,
  quality: number | undefined,
): MediaTrackConstraints {
  const own = quality === 1 || quality === 2 || quality === 3 ? {} : video;
  const constraints: MediaTrackConstraints = {
    width: range(own.width ?? preset.width),
    height: range(own.height ?? preset.height),
    frameRate: range(own.frameRate ?? preset.frameRate),
  };
  if (video.facingMode !== undefined) constraints.facingMode = video.facingMode;
  else if (video.input) constraints.deviceId = { exact: video.input };
  return constraints;
}

function screenConstraints(video: ZegoCaptureScreenVideo, preset: VideoPreset): MediaTrackConstraints {
  const constraints: MediaTrackConstraints = { frameRate: displayRange(video.frameRate ?? preset.frameRate) };
  if (video.width !== undefined) constraints.width = displayRange(video.width);
  if (video.height !== undefined) constraints.height = displayRange(video.height);
  return constraints;
}

function microphoneConstraints(audio: ZegoCaptureMicrophone): MediaTrackConstraints {
  const constraints: MediaTrackConstraints = { channelCount: { ideal: audio.channelCount ?? 1 } };
  if (audio.input) constraints.deviceId = { exact: audio.input };
  if (audio.ANS !== undefined) constraints.noiseSuppression = audio.ANS;
  if (audio.AGC !== undefined) constraints.autoGainControl = audio.AGC;
  if (audio.AEC !== undefined) constraints.echoCancellation = audio.AEC;
  return constraints;
}

function screenAudioConstraints(sound: ZegoCaptureScreenAudio): MediaTrackConstraints {
  return {
    noiseSuppression: sound.ANS ?? false,
    autoGainControl: sound.AGC ?? false,
    echoCancellation: sound.AEC ?? true,
  };
}

function range(value: number | ConstraintExtend): ConstrainULong {
  if (typeof value === "number") return { ideal: value };
  if (value.exact !== undefined) return { exact: value.exact };
  const result: ConstrainULongRange = {};
  if (value.ideal !== undefined) result.ideal = value.ideal;
  if (value.max !== undefined) result.max = value.max;
  if (value.min !== undefined) result.min = value.min;
  return result;
}

/** Screen capture refuses `exact` and `min` with a TypeError: they become preferences. */
function displayRange(value: number | ConstraintExtend): ConstrainULong {
  if (typeof value === "number") return { ideal: value };
  const ideal = value.exact ?? value.ideal ?? value.min;
  const result: ConstrainULongRange = {};
  if (ideal !== undefined) result.ideal = ideal;
  if (value.max !== undefined) result.max = value.max;
  return result;
}
