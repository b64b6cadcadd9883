export { ZegoExpressEngine } from "./engine.js";
export { WebRTCUtil } from "./webrtc-util.js";
export * from "./entities/index.js";
export type { ZegoLocalStream } from "./capture/local-stream.js";
export type { ZegoStreamView } from "./play/stream-view.js";
