import { canSend, type VideoCodecName } from "./media/codecs.js";
import { mediaDevices } from "./capture/media-devices.js";

/** The small second export of the interface: what the browser can do, without an engine. */
export const WebRTCUtil = {
  supportDetection(): { webRTC: boolean; screenSharing: boolean; videoCodec: Record<VideoCodecName, boolean> } {
    const webRTC = typeof RTCPeerConnection === "function";
    const can = (name: VideoCodecName): boolean => webRTC && canSend(name);
    return {
      webRTC,
      screenSharing: typeof mediaDevices()?.getDisplayMedia === "function",
      videoCodec: { H264: can("H264"), H265: can("H265"), VP8: can("VP8"), VP9: can("VP9") },
    };
  },
};
