// Not part of the interface: the preview alone, for tests that hold it against the native kernel's pictures.
export { BeautyRenderer } from "./beauty/renderer.js";
