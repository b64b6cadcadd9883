export { ZegoExpressEngine } from "./engine.js";
export { WebRTCUtil } from "./webrtc-util.js";
