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

/** Names of the replaced SDK's parts end like this, whatever its version: pages set fields on them. */
const PART = /(?:Center|Handler|Manager|Service|Report|Delegate)$/;
const PARTS = /Modules$/;

/** Flags that pages read say "off", lists are empty. */
export function makeStateCenter(): any {
  return {
    isMultiRoom: false,
    useNetAgent: false,
    debug: false,
    role: 0,
    streamList: [],
    publishStreamList: {},
    listenerList: {},
  };
}

/**
 * Stands where public pages reach into the engine (`zg.zegoWebRTC`, `zg.zegoWebRTM`). They set fields there, which
 * nobody reads; read flags, which say "off"; call the engine's methods, which are those of the engine; and mix sound in
 * its AudioContext, which is made when it is asked for.
 */
export function makeInternals(engine: object): any {
  const internals: Record<string, unknown> = {
    stateCenter: makeStateCenter(),
    rtcModules: modules({ streamCenter: { isPeer: false, publisherList: {}, playerList: {} } }),
  };
  for (const name of CALLED) internals[name] = notYetVoid(name);
  return new Proxy(internals, {
    get(own, name) {
      if (name in own || typeof name !== "string") return Reflect.get(own, name) as unknown;
      if (name === "ac" && typeof AudioContext === "function") return (own[name] = new AudioContext());
      if (PARTS.test(name)) return (own[name] = modules({}));
      const value: unknown = Reflect.get(engine, name);
      if (typeof value === "function") return value.bind(engine) as unknown;
      if (name === "logger") return value;
      return PART.test(name) ? (own[name] = {}) : undefined;
    },
  });
}
