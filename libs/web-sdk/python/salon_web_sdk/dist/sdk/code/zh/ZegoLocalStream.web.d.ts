import { ZegoLocalStream } from "../../../types/local-stream.js";
export { ZegoLocalStream };
export default ZegoLocalStream;
