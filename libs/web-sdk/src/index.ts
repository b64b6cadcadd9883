export { ZegoExpressEngine } from "./engine.js";
export { WebRTCUtil } from "./webrtc-util.js";
export * from "./entities.js";
export type { ZegoLocalStream } from "./local-stream.js";
export type { ZegoStreamView } from "./play/stream-view.js";
