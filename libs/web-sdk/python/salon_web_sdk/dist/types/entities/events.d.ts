import type { ZegoDeviceInfo } from "./devices.js";
import type { ZegoBarrageMessageInfo, ZegoBroadcastMessageInfo } from "./messages.js";
import type { ZegoPlayerState } from "./play.js";
import type { ZegoPublisherState } from "./publish.js";
import type { ZegoPlayStats, ZegoPublishStats, ZegoSoundLevelInfo } from "./quality.js";
import type { ZegoRoomExtraInfo, ZegoRoomState, ZegoRoomStateChangedReason, ZegoStreamList, ZegoUpdateType, ZegoUser } from "./room.js";
/** Events that come with this version, and what their handlers get. */
export interface ZegoEvent {
    roomStateUpdate: (roomID: string, state: ZegoRoomState, errorCode: number, extendedData: string) => void;
    roomStateChanged: (roomID: string, reason: ZegoRoomStateChangedReason, errorCode: number, extendedData: string) => void;
    roomUserUpdate: (roomID: string, updateType: ZegoUpdateType, userList: ZegoUser[]) => void;
    roomStreamUpdate: (roomID: string, updateType: ZegoUpdateType, streamList: ZegoStreamList[], extendedData: string) => void;
    publisherStateUpdate: (state: ZegoPublisherState) => void;
    playerStateUpdate: (state: ZegoPlayerState) => void;
    screenSharingEnded: (stream: MediaStream) => void;
    IMRecvBroadcastMessage: (roomID: string, messages: ZegoBroadcastMessageInfo[]) => void;
    IMRecvBarrageMessage: (roomID: string, messages: ZegoBarrageMessageInfo[]) => void;
    IMRecvCustomCommand: (roomID: string, fromUser: ZegoUser, command: string) => void;
    videoDeviceStateChanged: (updateType: ZegoUpdateType, device: ZegoDeviceInfo) => void;
    audioDeviceStateChanged: (updateType: ZegoUpdateType, deviceType: "Input" | "Output", device: ZegoDeviceInfo) => void;
    deviceError: (errorCode: number, deviceName: string) => void;
    tokenWillExpire: (roomID: string) => void;
    beautyEffectError: (stream: MediaStream, errorCode: number, extendedData: string) => void;
}
/** Events of the interface that this version accepts handlers for and does not send yet. */
export interface ZegoLaterEvent {
    backgroundEffectError: (stream: MediaStream, errorCode: number, extendedData: string) => void;
    publishQualityUpdate: (streamID: string, stats: ZegoPublishStats) => void;
    playQualityUpdate: (streamID: string, stats: ZegoPlayStats) => void;
    networkQuality: (userID: string, upstreamQuality: number, downstreamQuality: number) => void;
    streamExtraInfoUpdate: (roomID: string, streamList: {
        streamID: string;
        user: ZegoUser;
        extraInfo: string;
    }[]) => void;
    remoteCameraStatusUpdate: (streamID: string, status: "OPEN" | "MUTE") => void;
    remoteMicStatusUpdate: (streamID: string, status: "OPEN" | "MUTE") => void;
    soundLevelUpdate: (soundLevelList: ZegoSoundLevelInfo[]) => void;
    capturedSoundLevelUpdate: (soundLevel: number) => void;
    exceptionUpdate: (streamID: string, exception: {
        code: number;
        message: string;
    }) => void;
    playerVideoTrackUpdate: (streamID: string, track: MediaStreamTrack) => void;
    playerAudioTrackUpdate: (streamID: string, track: MediaStreamTrack) => void;
    publisherVideoEncoderChanged: (fromCodecID: number, toCodecID: number, streamID: string) => void;
    roomOnlineUserCountUpdate: (roomID: string, count: number) => void;
    roomExtraInfoUpdate: (roomID: string, roomExtraInfoList: ZegoRoomExtraInfo[]) => void;
    recvRoomTransparentMessage: (roomID: string, message: {
        sendUser: ZegoUser;
        content: Uint8Array;
    }) => void;
    playerRecvSEI: (...args: never[]) => void;
    mixerSoundLevelUpdate: (...args: never[]) => void;
    autoMixerSoundLevelUpdate: (...args: never[]) => void;
    mixerRelayCDNStateUpdate: (...args: never[]) => void;
    recvExperimentalAPI: (...args: never[]) => void;
    hallStateUpdate: (...args: never[]) => void;
}
export type ZegoEventHandlers = ZegoEvent & ZegoLaterEvent;
export interface ZegoLocalStreamEvent {
    autoplayFailed: (player: HTMLMediaElement) => void;
    canPlayVideo: () => void;
    canPlayAudio: () => void;
    autoplayCaptureFailed: (player: HTMLMediaElement) => void;
    canPlayCaptureVideo: () => void;
    canPlayCaptureAudio: () => void;
    videoTrackChanged: (track: MediaStreamTrack) => void;
    audioTrackChanged: (track: MediaStreamTrack) => void;
    captureVideoTrackChanged: (track: MediaStreamTrack) => void;
    captureAudioTrackChanged: (track: MediaStreamTrack) => void;
}
export interface ZegoStreamViewEvent {
    autoplayFailed: () => void;
    canPlayVideo: () => void;
    canPlayAudio: () => void;
}
export type ZegoRTCEvent = Omit<ZegoEventHandlers, keyof ZegoRTMEvent>;
export type ZegoRTMEvent = Pick<ZegoEventHandlers, "roomStateUpdate" | "roomStateChanged" | "roomUserUpdate" | "roomOnlineUserCountUpdate" | "roomExtraInfoUpdate" | "tokenWillExpire" | "IMRecvBroadcastMessage" | "IMRecvBarrageMessage" | "IMRecvCustomCommand" | "recvRoomTransparentMessage" | "hallStateUpdate">;
