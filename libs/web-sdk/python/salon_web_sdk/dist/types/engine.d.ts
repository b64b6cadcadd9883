import { type ZegoCapabilityDetection, type ZegoCapabilityType, type ZegoDeviceInfo, type ZegoDeviceInfos, type ZegoEffectsBeautyParam, type ZegoEngineOptions, type ZegoEventHandlers, type ZegoLocalStreamConfig, type ZegoLogConfig, type ZegoPlayOption, type ZegoPublishOption, type ZegoRoomConfig, type ZegoServerResponse, type ZegoStreamOptions, type ZegoUser } from "./entities/index.js";
import { ZegoLocalStream } from "./capture/local-stream.js";
import { Logger } from "./logger.js";
import { type NotYetEngine } from "./absent/not-yet.js";
import { ZegoStreamView } from "./play/stream-view.js";
export interface ZegoExpressEngine extends NotYetEngine {
}
/** What an app makes when its page opens: rooms, streams and messages all go through it. */
export declare class ZegoExpressEngine {
    private readonly appID;
    private readonly server?;
    static readonly version = "3.12.0-salon.1";
    static readonly setGeoFence: (...args: unknown[]) => void;
    static readonly presetLogConfig: (...args: unknown[]) => void;
    static readonly setCloudProxyConfig: (...args: unknown[]) => void;
    static readonly setLocalProxyConfig: (...args: unknown[]) => void;
    static readonly setEngineOptions: (...args: unknown[]) => void;
    /** Public pages write to these before they publish. */
    readonly zegoWebRTC: any;
    readonly zegoWebRTM: any;
    readonly stateCenter: any;
    private readonly events;
    readonly logger: Logger;
    private readonly settings;
    private readonly localStreams;
    private readonly views;
    private readonly deviceWatch;
    private scenario;
    private room;
    private microphoneMuted;
    /** Counts how often the engine was destroyed: what was begun before must not come to life after. */
    private life;
    private readonly onPageHide;
    private readonly onPageShow;
    constructor(appID: number, server?: string | readonly string[] | null | undefined, options?: ZegoEngineOptions);
    /** Everything is built in: modules of on-demand builds are taken and need nothing. */
    static use(_module: unknown): boolean;
    getVersion(): string;
    on<K extends keyof ZegoEventHandlers>(event: K, handler: ZegoEventHandlers[K]): boolean;
    off<K extends keyof ZegoEventHandlers>(event: K, handler?: ZegoEventHandlers[K]): boolean;
    checkSystemRequirements(type?: ZegoCapabilityType, _level?: number): Promise<ZegoCapabilityDetection>;
    setRoomScenario(scenario: number): boolean;
    setEngineConfig(config: unknown): boolean;
    setLogConfig(config: ZegoLogConfig): boolean;
    setDebugVerbose(enable: boolean): void;
    destroyEngine(): void;
    loginRoom(roomID: string, token: string, user: ZegoUser, config?: ZegoRoomConfig): Promise<boolean>;
    logoutRoom(roomID?: string): void;
    /** False if it does not have the form of a token, or if there is no log-in to that room. */
    renewToken(token: string, roomID?: string): boolean;
    sendBroadcastMessage(roomID: string, message: string): Promise<ZegoServerResponse>;
    sendBarrageMessage(roomID: string, message: string): Promise<ZegoServerResponse>;
    sendCustomCommand(roomID: string, command: string, toUserIDList?: string[]): Promise<ZegoServerResponse>;
    createZegoStream(options?: ZegoStreamOptions): Promise<ZegoLocalStream>;
    createStream(source?: ZegoLocalStreamConfig): Promise<MediaStream>;
    destroyStream(stream: MediaStream | ZegoLocalStream): void;
    /** The track stays the app's own; the one before goes on, so that it can be put back, and ends with the stream. */
    replaceTrack(stream: MediaStream | ZegoLocalStream, track: MediaStreamTrack): Promise<ZegoServerResponse>;
    createLocalStreamView(stream: MediaStream | ZegoLocalStream): ZegoStreamView;
    startPublishingStream(streamID: string, stream: MediaStream | ZegoLocalStream, option?: ZegoPublishOption): boolean;
    stopPublishingStream(streamID: string): boolean;
    mutePublishStreamVideo(stream: MediaStream | ZegoLocalStream, mute: boolean, retain?: boolean): boolean;
    mutePublishStreamAudio(stream: MediaStream | ZegoLocalStream, mute: boolean): boolean;
    /**
     * The cloud does it, for everybody who watches; before publishing, the wish is kept with the stream. Each intensity
     * is 0..100 and 50 if left out. 1103075 in the response: the others see the original for now.
     */
    setEffectsBeauty(localStream: MediaStream | ZegoLocalStream, enable: boolean, options?: ZegoEffectsBeautyParam): Promise<ZegoServerResponse>;
    startPlayingStream(streamID: string, option?: ZegoPlayOption): Promise<MediaStream>;
    stopPlayingStream(streamID: string): boolean;
    createRemoteStreamView(stream: MediaStream): ZegoStreamView;
    enumDevices(): Promise<ZegoDeviceInfos>;
    getCameras(): Promise<ZegoDeviceInfo[]>;
    getMicrophones(): Promise<ZegoDeviceInfo[]>;
    getSpeakers(): Promise<ZegoDeviceInfo[]>;
    useVideoDevice(stream: MediaStream | ZegoLocalStream, deviceID: string): Promise<ZegoServerResponse>;
    useAudioDevice(stream: MediaStream | ZegoLocalStream, deviceID: string): Promise<ZegoServerResponse>;
    useFrontCamera(stream: MediaStream | ZegoLocalStream, front: boolean): Promise<ZegoServerResponse>;
    useAudioOutputDevice(media: HTMLMediaElement, deviceID: string): Promise<boolean>;
    muteMicrophone(mute: boolean): boolean;
    isMicrophoneMuted(): boolean;
    private send;
    private checkPublish;
    private refusePublish;
    /** On failure the former track stays. */
    private useDevice;
    private replaceable;
    private replace;
    private localOf;
    private watchScreen;
    /** Unplugged, taken by another app, or no longer permitted: the app is told, and the others see black. */
    private watchTracks;
    private watchTrackOf;
    private muteChanged;
    private deviceChanged;
    private view;
    private unmount;
}
