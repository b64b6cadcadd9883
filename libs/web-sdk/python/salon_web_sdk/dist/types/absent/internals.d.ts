/** Flags that pages read say "off", lists are empty. */
export declare function makeStateCenter(): any;
/**
 * Stands where public pages reach into the engine (`zg.zegoWebRTC`, `zg.zegoWebRTM`). They set fields there, which
 * nobody reads; read flags, which say "off"; call the engine's methods, which are those of the engine; and mix sound in
 * its AudioContext, which is made when it is asked for.
 */
export declare function makeInternals(engine: object): any;
