import { ZegoScenario } from "../entities/index.js";

export interface VideoPreset {
  width: number;
  height: number;
  frameRate: number;
  kbps: number;
}

export const CAMERA_PRESETS: Readonly<Record<1 | 2 | 3, VideoPreset>> = {
  1: { width: 320, height: 240, frameRate: 15, kbps: 300 },
  2: { width: 640, height: 480, frameRate: 15, kbps: 800 },
  3: { width: 1280, height: 720, frameRate: 20, kbps: 1500 },
};

/** Size 0: the screen's own. */
export const SCREEN_PRESETS: Readonly<Record<1 | 2 | 3, VideoPreset>> = {
  1: { width: 0, height: 0, frameRate: 20, kbps: 800 },
  2: { width: 0, height: 0, frameRate: 15, kbps: 1500 },
  3: { width: 0, height: 0, frameRate: 5, kbps: 2000 },
};

export interface ScenarioPreset {
  camera: boolean;
  video: VideoPreset;
}

const BY_SCENARIO: Readonly<Record<number, ScenarioPreset>> = {
  [ZegoScenario.Default]: { camera: true, video: CAMERA_PRESETS[2] },
  [ZegoScenario.StandardVideoCall]: { camera: true, video: { width: 640, height: 360, frameRate: 15, kbps: 600 } },
  [ZegoScenario.HighQualityVideoCall]: { camera: true, video: { width: 960, height: 540, frameRate: 25, kbps: 1200 } },
  [ZegoScenario.StandardChatroom]: { camera: false, video: CAMERA_PRESETS[2] },
  [ZegoScenario.HighQualityChatroom]: { camera: false, video: CAMERA_PRESETS[2] },
  [ZegoScenario.Broadcast]: { camera: true, video: { width: 960, height: 540, frameRate: 20, kbps: 1200 } },
  [ZegoScenario.Karaoke]: { camera: true, video: CAMERA_PRESETS[2] },
};

export function isScenario(scenario: number): boolean {
  return scenario in BY_SCENARIO;
}

export function scenarioPreset(scenario: number): ScenarioPreset {
  return BY_SCENARIO[scenario] ?? { camera: true, video: CAMERA_PRESETS[2] };
}
