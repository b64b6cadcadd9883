import { ZegoLocalStream } from "../../../types/capture/local-stream.js";
export { ZegoLocalStream };
export default ZegoLocalStream;
