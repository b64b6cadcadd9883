import { type VideoCodecName } from "./media/codecs.js";
/** The small second export of the interface: what the browser can do, without an engine. */
export declare const WebRTCUtil: {
    supportDetection(): {
        webRTC: boolean;
        screenSharing: boolean;
        videoCodec: Record<VideoCodecName, boolean>;
    };
};
