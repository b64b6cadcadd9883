export { BeautyRenderer } from "./beauty/renderer.js";
