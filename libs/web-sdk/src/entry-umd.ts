import { rememberScriptUrl } from "./signaling/server-address.js";

// Only set while the script runs for the first time.
const script = typeof document === "undefined" ? null : document.currentScript;
rememberScriptUrl(script !== null && "src" in script ? script.src : null);

export { ZegoExpressEngine } from "./engine.js";
export { WebRTCUtil } from "./webrtc-util.js";
