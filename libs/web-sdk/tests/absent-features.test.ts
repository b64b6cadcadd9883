import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ZegoExpressEngine } from "../src/index.js";

type Loose = Record<string, any>;

const engine = (): ZegoExpressEngine & Loose => new ZegoExpressEngine(1, "") as ZegoExpressEngine & Loose;

beforeEach((context) => {
  (context as { mock: { method: (...args: unknown[]) => void } }).mock.method(console, "warn", () => undefined);
});

test("what promises a promise rejects with 1101003", async () => {
  const zg = engine();
  const names = `setVoiceChangerPreset setVoiceChangerParam setReverbPreset enableVirtualStereo setAudioChangerParam
    setStreamAlignmentProperty setAudioFrameCallback setCaptureAudioFrameCallback setBackgroundBlurOptions
    updatePublishingStream loadAudioEffect uploadLog startMixerTask`;
  for (const name of names.split(/\s+/)) {
    const result: unknown = zg[name]();
    assert.ok(result instanceof Promise, name);
    await assert.rejects(result, { errorCode: 1101003 }, name);
  }
});

test("what promises a value gives one at once", () => {
  const zg = engine();
  assert.deepEqual(zg.getNetworkTimeInfo(), { timestamp: 0, maxDeviation: 0 });
  for (const name of ["sendSEI", "startMixingAudio", "unloadAudioEffect"]) assert.equal(zg[name](), false, name);
  for (const name of ["setTurnServer", "enableDualStream", "setSEIConfig", "destroyCopyrightedMusic"]) {
    assert.equal(zg[name](), undefined, name);
  }
});

test("factories give objects on which every method exists and fails in its own type", async () => {
  const zg = engine();
  const player = zg.createAudioEffectPlayer();
  assert.equal(player.start("1", "url"), undefined);
  assert.equal(player.pause("1"), false);
  assert.equal(player.getTotalDuration("1"), 0);
  const range = zg.createRangeAudioInstance();
  assert.equal(
    range.on("userUpdate", () => undefined),
    false,
  );
  assert.equal(range.setAudioReceiveRange(10), undefined);
  await assert.rejects(range.selectMicrophone("id"), { errorCode: 1101003 });
  const data = zg.createRealTimeSequentialDataManager("room");
  assert.equal(data.roomID, "room");
  assert.equal(data.sendRealTimeSequentialData("s", new ArrayBuffer(1)), false);
  await assert.rejects(data.startBroadcasting("s"), { errorCode: 1101003 });
  const music = zg.createCopyrightedMusic();
  assert.equal(music instanceof Promise, false);
  assert.equal(music.getDuration("s"), 0);
  await assert.rejects(music.initCopyrightedMusic({}), { errorCode: 1101003 });
  await assert.rejects(zg.createStreamCompositor().startComposingStream(), { errorCode: 1101003 });
});

test("pages may write to the engine's internals, and nothing comes of it", () => {
  const zg = engine();
  zg.zegoWebRTC.rtcModules.streamCenter.isPeer = true;
  assert.equal(zg.zegoWebRTC.rtcModules.streamCenter.isPeer, true);
  zg.zegoWebRTC.rtcModules.previewHandler.anything = { deep: 1 };
  zg.zegoWebRTM.stateCenter.useNetAgent = false;
  zg.zegoWebRTC.stateCenter.turnOnly = true;
  zg.zegoWebRTC.ownField = 7;
  assert.equal(zg.zegoWebRTC.ownField, 7);
  // Read to decide on a stream's name: anything but "no" would change it.
  assert.equal(zg.zegoWebRTM.stateCenter.isMultiRoom, false);
  assert.equal(zg.zegoWebRTC.neverHeardOf, undefined);
});

test("parts of any version of the replaced SDK are there to be written to", () => {
  const zg = engine();
  for (const part of ["streamCenter", "socketCenter", "previewHandler", "networkManager", "dataReport"]) {
    for (const side of [zg.zegoWebRTC, zg.zegoWebRTM]) {
      side[part].anything = part;
      assert.equal(side[part].anything, part);
      assert.equal(side[part].unset, undefined);
    }
  }
  zg.zegoWebRTM.roomModules.roomCenter.heartbeat = 3;
  assert.equal(zg.zegoWebRTM.roomModules.roomCenter.heartbeat, 3);
});

test("pages that show state, logs or mix sound find something to read", () => {
  const zg = engine();
  assert.deepEqual([zg.stateCenter.streamList, zg.stateCenter.debug, zg.logger.logCache.length], [[], false, 0]);
  zg.logger.info("a page's own line");
  zg.zegoWebRTC.logger.info("a page's own line");
  assert.equal(zg.zegoWebRTC.ac, undefined);
  class FakeContext {}
  Object.assign(globalThis, { AudioContext: FakeContext });
  try {
    assert.ok(zg.zegoWebRTC.ac instanceof FakeContext);
    assert.equal(zg.zegoWebRTC.ac, zg.zegoWebRTC.ac);
  } finally {
    Reflect.deleteProperty(globalThis, "AudioContext");
  }
});

test("the engine's methods work through its internals as well", async () => {
  const zg = engine();
  assert.equal(zg.zegoWebRTC.getVersion(), zg.getVersion());
  await assert.rejects(zg.zegoWebRTC.setStreamAlignmentProperty({}, 1), { errorCode: 1101003 });
  assert.equal(zg.zegoWebRTM.off("roomUserUpdate"), false);
  assert.equal(zg.zegoWebRTC.setTurnOverTcpOnly(true), undefined);
  assert.equal(zg.zegoWebRTC.stopRecord(), undefined);
});
