import type { ZegoVideoPlayOptions } from "../entities.js";
export interface PlayerListener {
    canPlay(): void;
    autoplayFailed(element: HTMLMediaElement): void;
}
export interface PlayerOptions extends ZegoVideoPlayOptions {
    muted: boolean;
}
export declare function setSink(element: HTMLMediaElement, deviceID: string): Promise<void>;
/** One media element that plays one stream: a picture inside a container, or sound without a picture. */
export declare class MediaPlayer {
    private readonly listener;
    private readonly dialog;
    readonly element: HTMLVideoElement | HTMLAudioElement;
    private readonly container;
    private readonly clearLastFrame;
    private constructor();
    static video(stream: MediaStream, container: HTMLElement, options: PlayerOptions, to: PlayerListener): MediaPlayer;
    static audio(stream: MediaStream, muted: boolean, dialog: boolean, to: PlayerListener): MediaPlayer;
    resume(): void;
    setStream(stream: MediaStream): void;
    setVolume(volume: number): boolean;
    stop(): void;
    private start;
}
