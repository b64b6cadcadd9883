import type { ZegoAudioPlayOptions, ZegoLocalStreamEvent, ZegoSnapshotOptions, ZegoVideoPlayOptions } from "../entities/index.js";
import { type NotYetLocalStream } from "../absent/not-yet.js";
export interface ZegoLocalStream extends NotYetLocalStream {
}
/** A stream made on this page: what a camera, a microphone, a screen or the app itself gives. */
export declare class ZegoLocalStream {
    readonly source: "camera" | "screen" | "custom";
    private readonly events;
    private readonly media;
    private readonly muteReasons;
    private picture;
    private overlay;
    private capturePicture;
    private sound;
    private captureSound;
    private destroyed;
    /** Tracks that the SDK opened, also those that others have replaced since: the app may put them back. */
    private readonly opened;
    get active(): boolean;
    get id(): string;
    get stream(): MediaStream | null;
    /** Older code reaches for the MediaStream by this name. */
    get zegoStream(): MediaStream | null;
    get videoCaptureStream(): MediaStream | null;
    get audioCaptureStream(): MediaStream | null;
    get videoDeviceId(): string;
    get audioDeviceId(): string;
    getAudioTracks(): MediaStreamTrack[];
    getVideoTracks(): MediaStreamTrack[];
    getTracks(): MediaStreamTrack[];
    playVideo(view: HTMLElement, options?: ZegoVideoPlayOptions): void;
    playAudio(options?: ZegoAudioPlayOptions): void;
    stopVideo(): void;
    stopAudio(): void;
    resumeVideo(): void;
    resumeAudio(): void;
    setVolume(volume: number): boolean;
    takeStreamSnapshot(options?: ZegoSnapshotOptions): string;
    playCaptureVideo(view: HTMLElement, options?: ZegoVideoPlayOptions): void;
    playCaptureAudio(options?: ZegoAudioPlayOptions): void;
    stopPlayCaptureVideo(): void;
    stopPlayCaptureAudio(): void;
    useAudioOutputDevice(deviceID: string): Promise<void>;
    getScreenDisplaySurface(): "browser" | "window" | "monitor" | "unknown";
    on<K extends keyof ZegoLocalStreamEvent>(event: K, handler: ZegoLocalStreamEvent[K]): boolean;
    off<K extends keyof ZegoLocalStreamEvent>(event: K, handler?: ZegoLocalStreamEvent[K]): boolean;
    private showVideo;
    private playSound;
}
