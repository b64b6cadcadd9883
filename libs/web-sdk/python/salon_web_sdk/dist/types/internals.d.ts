/**
 * Stands where public pages reach into the engine (`zg.zegoWebRTC`, `zg.zegoWebRTM`). They set fields there, which
 * nobody reads; read flags, which say "off"; and call the engine's methods, which are those of the engine.
 */
export declare function makeInternals(engine: object): any;
