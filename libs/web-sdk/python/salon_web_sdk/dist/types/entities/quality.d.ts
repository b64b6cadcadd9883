export interface ZegoSoundLevelInfo {
    streamID: string;
    soundLevel: number;
    type: "push" | "pull";
}
export interface ZegoPublishStats {
    video: ZegoVideoStats & {
        isHardwareEncode?: boolean;
    };
    audio: ZegoAudioStats;
    nackCount?: number;
    pliCount?: number;
    totalRoundTripTime?: number;
    currentRoundTripTime?: number;
    qualityLimitationReason?: string;
    codecImplementationName?: string;
}
export interface ZegoPlayStats {
    video: ZegoVideoStats & {
        videoRenderFPS: number;
        videoFramesDecoded: number;
        videoFramesDropped: number;
        videoCumulativeDecodeTime: number;
        videoCumulativeBreakTime: number;
        videoCumulativeBreakRate: number;
    };
    audio: ZegoAudioStats & {
        audioJitter: number;
        audioLevel: number;
        audioSendLevel: number;
        audioSamplingRate: number;
        audioCumulativeDecodeTime: number;
        audioCumulativeBreakTime: number;
        audioCumulativeBreakRate: number;
    };
    peerToPeerDelay?: number;
    peerToPeerPacketLostRate?: number;
    nackCount?: number;
    pliCount?: number;
    currentRoundTripTime?: number;
}
export interface ZegoVideoStats {
    frameWidth: number;
    frameHeight: number;
    videoBitrate: number;
    videoFPS: number;
    videoTransferFPS: number;
    videoPacketsLost: number;
    videoPacketsLostRate: number;
    videoQuality: number;
    googCodecName: string;
    muteState: "0" | "1";
}
export interface ZegoAudioStats {
    audioBitrate: number;
    audioCodec: string;
    googCodecName: string;
    audioFPS: number;
    audioPacketsLost: number;
    audioPacketsLostRate: number;
    audioQuality: number;
    muteState: "0" | "1";
}
