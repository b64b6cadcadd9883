import { rememberScriptUrl } from "./signaling/server-address.js";

rememberScriptUrl(import.meta.url);

export * from "./index.js";
