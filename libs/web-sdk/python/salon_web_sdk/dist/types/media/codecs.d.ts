export type VideoCodecName = "H264" | "VP8" | "VP9" | "H265";
/**
 * One codec and its retransmission, so that the answer cannot choose another. VP8 if the browser cannot encode the
 * preferred one: builds without H264 exist.
 */
export declare function sendCodecPreferences(preferred: VideoCodecName, capabilities: readonly RTCRtpCodec[]): RTCRtpCodec[];
/** What the next offer lists. */
export declare function preferCodec(transceiver: RTCRtpTransceiver, preferred: VideoCodecName): void;
/** A browser that does not tell (Firefox before 112) has the two that RFC 7742, section 5, asks of each. */
export declare function canSend(name: VideoCodecName): boolean;
