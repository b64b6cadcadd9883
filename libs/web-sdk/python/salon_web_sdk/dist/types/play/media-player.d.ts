import type { ZegoVideoPlayOptions } from "../entities/index.js";
export interface PlayerListener {
    canPlay(): void;
    autoplayFailed(element: HTMLMediaElement): void;
    /** Another picture took the place of this one. */
    displaced?(): void;
}
export interface PlayerOptions extends ZegoVideoPlayOptions {
    muted: boolean;
}
export declare function setSink(element: HTMLMediaElement, deviceID: string): Promise<void>;
/** What app code gives as the place for a picture: an element, or the id of one. Null, said once, if there is none. */
export declare function findContainer(container: unknown): HTMLElement | null;
/** One media element that plays one stream: a picture inside a container, or sound without a picture. */
export declare class MediaPlayer {
    private readonly listener;
    private readonly dialog;
    readonly element: HTMLVideoElement | HTMLAudioElement;
    /** As the app named it. */
    private readonly place;
    private readonly container;
    /** The app gave a player of its own instead of a place for one. */
    private readonly borrowed;
    private readonly clearLastFrame;
    private stopped;
    private constructor();
    static video(stream: MediaStream, container: HTMLElement, options: PlayerOptions, to: PlayerListener): MediaPlayer;
    static audio(stream: MediaStream, muted: boolean, dialog: boolean, to: PlayerListener): MediaPlayer;
    resume(): void;
    setStream(stream: MediaStream): void;
    setVolume(volume: number): boolean;
    stop(): void;
    private giveWay;
    private start;
}
