export interface VideoPreset {
    width: number;
    height: number;
    frameRate: number;
    kbps: number;
}
export declare const CAMERA_PRESETS: Readonly<Record<1 | 2 | 3, VideoPreset>>;
/** Size 0: the screen's own. */
export declare const SCREEN_PRESETS: Readonly<Record<1 | 2 | 3, VideoPreset>>;
export interface ScenarioPreset {
    camera: boolean;
    video: VideoPreset;
}
export declare function isScenario(scenario: number): boolean;
export declare function scenarioPreset(scenario: number): ScenarioPreset;
