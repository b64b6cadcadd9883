import { rememberScriptUrl } from "./server-address.js";

rememberScriptUrl(import.meta.url);

export * from "./index.js";
