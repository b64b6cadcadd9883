/** The types app code names. Shapes are those of the ZEGO Express Web interface, version 3.12. */
export * from "./capture.js";
export * from "./devices.js";
export * from "./effects.js";
export * from "./engine.js";
export * from "./events.js";
export * from "./messages.js";
export * from "./play.js";
export * from "./publish.js";
export * from "./quality.js";
export * from "./room.js";
