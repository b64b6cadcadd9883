import { notYetVoid } from "./not-yet.js";

/** Of the replaced SDK's internals, what public pages call on them beside the engine's own methods. */
const CALLED = [
  "startRecord",
  "stopRecord",
  "pauseRecord",
  "resumeRecord",
  "saveRecord",
  "mixingBuffer",
  "stopMixingBuffer",
  "setTurnOverTcpOnly",
  "setTurnOnly",
] as const;

/** An object that has a plain object under every name asked for, so that `modules.anything.field = value` goes through. */
function modules(known: Record<string, object>): Record<string, object> {
  return new Proxy(known, {
    get(target, name) {
      if (typeof name !== "string" || name in target) return Reflect.get(target, name) as unknown;
      return (target[name] = {});
    },
  });
}

/**
 * Stands where public pages reach into the engine (`zg.zegoWebRTC`, `zg.zegoWebRTM`). They set fields there, which
 * nobody reads; read flags, which say "off"; and call the engine's methods, which are those of the engine.
 */
export function makeInternals(engine: object): any {
  const internals: Record<string, unknown> = {
    stateCenter: { isMultiRoom: false, useNetAgent: false, publishStreamList: {}, listenerList: {} },
    rtcModules: modules({ streamCenter: { isPeer: false, publisherList: {}, playerList: {} } }),
  };
  for (const name of CALLED) internals[name] = notYetVoid(name);
  return new Proxy(internals, {
    get(own, name) {
      if (name in own) return Reflect.get(own, name) as unknown;
      const value: unknown = typeof name === "string" ? Reflect.get(engine, name) : undefined;
      return typeof value === "function" ? value.bind(engine) : undefined;
    },
  });
}
