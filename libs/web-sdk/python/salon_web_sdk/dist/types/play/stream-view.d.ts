import type { ZegoAudioPlayOptions, ZegoSnapshotOptions, ZegoStreamViewEvent, ZegoVideoPlayOptions, ZegoViewPlayOptions } from "../entities/index.js";
/** Plays one MediaStream on the page. What is muted here is muted for this page only. */
export declare class ZegoStreamView {
    private readonly stream;
    private readonly local;
    private readonly beauty;
    private readonly events;
    private picture;
    private overlay;
    private sound;
    /** The picture's element also carries the sound, so that the browser keeps the two together. */
    private pictureHasSound;
    private audioMuted;
    private videoMuted;
    private volume;
    private sinkID;
    play(container: string | HTMLElement, options?: ZegoViewPlayOptions): void;
    stop(): void;
    playVideo(container: string | HTMLElement, options?: ZegoVideoPlayOptions): void;
    stopVideo(): void;
    playAudio(options?: ZegoAudioPlayOptions): void;
    stopAudio(): void;
    resume(): void;
    setAudioMuted(mute: boolean): boolean;
    setVideoMuted(mute: boolean): boolean;
    setVolume(volume: number): boolean;
    useAudioOutputDevice(deviceID: string): Promise<void>;
    getVideoHeight(): number;
    getVideoWidth(): number;
    takeStreamSnapshot(options?: ZegoSnapshotOptions): string;
    on<K extends keyof ZegoStreamViewEvent>(event: K, handler: ZegoStreamViewEvent[K]): boolean;
    off<K extends keyof ZegoStreamViewEvent>(event: K, handler?: ZegoStreamViewEvent[K]): boolean;
    private startSound;
    private showPicture;
    private applyPicture;
    private applySound;
    private soundElement;
    private video;
}
