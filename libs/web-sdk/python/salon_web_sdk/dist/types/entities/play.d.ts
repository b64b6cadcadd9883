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
export interface ZegoPlayerState {
    streamID: string;
    state: "PLAYING" | "NO_PLAY" | "PLAY_REQUESTING";
    errorCode: number;
    extendedData: string;
}
export type ZegoWebPlayOption = ZegoPlayOption;
