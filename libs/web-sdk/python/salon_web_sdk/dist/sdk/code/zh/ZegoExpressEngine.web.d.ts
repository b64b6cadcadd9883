export { ZegoExpressEngine } from "../../../types/engine.js";
