import { type NotYetEngine } from "./absent/not-yet.js";
import type { ZegoLocalStream } from "./capture/local-stream.js";
import type { ZegoCapabilityDetection, ZegoCapabilityType, ZegoDeviceInfo, ZegoDeviceInfos, ZegoEffectsBeautyParam, ZegoEngineOptions, ZegoEventHandlers, ZegoLocalStreamConfig, ZegoLogConfig, ZegoPlayOption, ZegoPublishOption, ZegoRoomConfig, ZegoServerResponse, ZegoStreamOptions, ZegoUser } from "./entities/index.js";
import { Logger } from "./logger.js";
import type { ZegoStreamView } from "./play/stream-view.js";
export interface ZegoExpressEngine extends NotYetEngine {
}
/** What an app makes when its page opens: rooms, streams and messages all go through it. */
export declare class ZegoExpressEngine {
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
    readonly logger: Logger;
    private readonly events;
    private readonly settings;
    private readonly rooms;
    private readonly roomApi;
    private readonly messagesApi;
    private readonly streamsApi;
    private readonly publishApi;
    private readonly playApi;
    private readonly devicesApi;
    private readonly effectsApi;
    constructor(appID: number, server?: string | readonly string[] | null, options?: ZegoEngineOptions);
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
     * The cloud does it, for everybody who watches; before publishing, it is kept with the stream. Each intensity
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
}
