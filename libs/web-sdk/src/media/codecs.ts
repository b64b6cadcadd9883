export type VideoCodecName = "H264" | "VP8" | "VP9" | "H265";

function isRepair(codec: RTCRtpCodec): boolean {
  return codec.mimeType.toLowerCase() === "video/rtx";
}

function named(name: string): (codec: RTCRtpCodec) => boolean {
  return (codec) => codec.mimeType.toLowerCase() === `video/${name.toLowerCase()}`;
}

/** Lower is better: what every decoder takes comes first. */
function h264Rank(codec: RTCRtpCodec): number {
  const line = (codec.sdpFmtpLine ?? "").toLowerCase();
  const mode = line.includes("packetization-mode=1") ? 0 : 10;
  if (line.includes("profile-level-id=42e0")) return mode;
  if (line.includes("profile-level-id=4200")) return mode + 1;
  return mode + 2;
}

/**
 * One codec and its retransmission, so that the answer cannot choose another. VP8 if the browser cannot encode the
 * preferred one: builds without H264 exist.
 */
export function sendCodecPreferences(preferred: VideoCodecName, capabilities: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  const found = capabilities.filter(named(preferred));
  const chosen = found.length > 0 ? found : capabilities.filter(named("VP8"));
  if (chosen.length === 0) return [];
  const ranked = [...chosen].sort((left, right) => h264Rank(left) - h264Rank(right));
  return [...ranked, ...capabilities.filter(isRepair)];
}

/** What the next offer lists. */
export function preferCodec(transceiver: RTCRtpTransceiver, preferred: VideoCodecName): void {
  // Firefox before 128: it offers its own order, and the relay chooses from that.
  if (typeof transceiver.setCodecPreferences !== "function") return;
  const codecs = sendCodecPreferences(preferred, RTCRtpSender.getCapabilities?.("video")?.codecs ?? []);
  try {
    transceiver.setCodecPreferences(codecs);
  } catch {
    // A browser that refuses the list offers its own, and the relay chooses from that. What a former stream set must go.
    try {
      transceiver.setCodecPreferences([]);
    } catch {
      // It refuses lists altogether: then none was ever set.
    }
  }
}

/** A browser that does not tell (Firefox before 112) has the two that RFC 7742, section 5, asks of each. */
export function canSend(name: VideoCodecName): boolean {
  const told = RTCRtpSender.getCapabilities?.("video")?.codecs;
  return told?.some(named(name)) ?? (name === "VP8" || name === "H264");
}
