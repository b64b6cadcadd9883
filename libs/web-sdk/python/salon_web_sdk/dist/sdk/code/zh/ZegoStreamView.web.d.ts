import { ZegoStreamView } from "../../../types/play/stream-view.js";
export { ZegoStreamView };
export default ZegoStreamView;
