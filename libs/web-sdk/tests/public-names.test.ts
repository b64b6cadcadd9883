import assert from "node:assert/strict";
import { test } from "node:test";
import { ZegoError } from "../src/errors.js";
import { WebRTCUtil, ZegoExpressEngine } from "../src/index.js";
import { rememberScriptUrl, socketUrls } from "../src/signaling/server-address.js";

/** Every instance method of the interface, version 3.12. */
const METHODS =
  `checkSystemRequirements on off setRoomScenario setEngineConfig setTurnServer setLogConfig setDebugVerbose
getVersion destroyEngine uploadLog callExperimentalAPI getNetworkTimeInfo loginRoom logoutRoom renewToken switchRoom
setRoomExtraInfo enableMultiRoom sendBroadcastMessage sendBarrageMessage sendCustomCommand sendTransparentMessage
createZegoStream destroyStream createStream replaceTrack addTrack removeTrack setVideoConfig setAudioConfig
setCaptureVolume enableVideoCaptureDevice checkVideoTrackIsActive checkAudioTrackIsActive createLocalStreamView
getElectronScreenSources setDummyCaptureImagePath createStreamCompositor setCaptureAudioFrameCallback
startPublishingStream stopPublishingStream updatePublishingStream setStreamExtraInfo mutePublishStreamVideo
mutePublishStreamAudio getPublishingStreamQuality enableDualStream setLowStreamParameter addPublishCdnUrl
removePublishCdnUrl enableHardwareEncoder setStreamAlignmentProperty setSEIConfig sendSEI startPlayingStream
stopPlayingStream createRemoteStreamView mutePlayStreamVideo mutePlayStreamAudio muteAllPlayAudioStreams
muteAllPlayVideoStreams getPlayingStreamQuality setPlayStreamVideoType setAudioFrameCallback enumDevices getCameras
getMicrophones getSpeakers useVideoDevice useAudioDevice useAudioOutputDevice useFrontCamera enableAutoSwitchDevice
setSoundLevelDelegate isMicrophoneMuted muteMicrophone setEffectsBeauty setLowlightEnhancement initBackgroundModule
setBackgroundBlurOptions setVirtualBackgroundOptions enableBackgroundProcess setTransparentBackgroundOptions
setVoiceChangerPreset setVoiceChangerParam setReverbPreset enableVirtualStereo enableLiveAudioEffect
setAudioChangerParam enableAiDenoise setAiDenoiseMode startMixingAudio stopMixingAudio setMixingAudioVolume
createAudioEffectPlayer loadAudioEffect unloadAudioEffect startMixerTask stopMixerTask setMixerTaskConfig
startAutoMixerTask stopAutoMixerTask createRangeAudioInstance createRealTimeSequentialDataManager
destroyRealTimeSequentialDataManager createCopyrightedMusic destroyCopyrightedMusic`.split(/\s+/);

test("all 108 methods and the static members are functions", () => {
  assert.equal(METHODS.length, 108);
  const engine = new ZegoExpressEngine(1, "") as unknown as Record<string, unknown>;
  for (const name of METHODS) assert.equal(typeof engine[name], "function", name);
  const own = ZegoExpressEngine as unknown as Record<string, unknown>;
  const statics = [
    "use",
    "setEngineOptions",
    "setGeoFence",
    "presetLogConfig",
    "setCloudProxyConfig",
    "setLocalProxyConfig",
  ];
  for (const name of statics) assert.equal(typeof own[name], "function", name);
  assert.equal(typeof WebRTCUtil.supportDetection, "function");
});

test("the version sorts, as a string, above what pages compare it with", () => {
  const version = new ZegoExpressEngine(1, "").getVersion();
  assert.equal(version, ZegoExpressEngine.version);
  assert.ok(version > "2.17.0" && version.startsWith("3."));
});

test("what is not there yet fails in its own way with 1101003", async (context) => {
  context.mock.method(console, "warn", () => undefined);
  const engine = new ZegoExpressEngine(1, "");
  await assert.rejects(engine.setLowlightEnhancement(), { errorCode: 1101003 });
  assert.equal(engine.sendSEI(), false);
  assert.equal(engine.getPlayingStreamQuality(), null);
  assert.equal(ZegoExpressEngine.setGeoFence(1, []), undefined);
});

test("errors have all five properties", () => {
  const error = new ZegoError(1002034, "Full.", { reason: "room-full" });
  assert.deepEqual([error.errorCode, error.code, error.message, error.msg], [1002034, 1002034, "Full.", "Full."]);
  assert.deepEqual(JSON.parse(error.extendedData), { message: "Full.", reason: "room-full" });
});

test("ids are checked before anything is sent", async (context) => {
  context.mock.method(console, "warn", () => undefined);
  const engine = new ZegoExpressEngine(1, "ws://one");
  await assert.rejects(engine.loginRoom("a%", "04", { userID: "ann" }), { errorCode: 1002012 });
  await assert.rejects(engine.loginRoom("room", "04", { userID: "" }), { errorCode: 1002005 });
  await assert.rejects(engine.startPlayingStream("a b"), { errorCode: 1000016 });
  await assert.rejects(engine.sendBroadcastMessage("room", "hi"), { errorCode: 1000002 });
  await assert.rejects(new ZegoExpressEngine(-1, "").loginRoom("room", "04", { userID: "a" }), { errorCode: 1001004 });
  assert.equal(engine.setRoomScenario(5), true);
  assert.equal(engine.setRoomScenario(42), false);
});

test("server addresses: all forms, in order, own server when empty", () => {
  const page = "https://app.example/page";
  assert.deepEqual(socketUrls("wss://one/ws", page), ["wss://one/ws"]);
  assert.deepEqual(socketUrls(["https://one", "http://two:8080/ws", "wss://one/ws"], page), [
    "wss://one/ws",
    "ws://two:8080/ws",
  ]);
  assert.deepEqual(socketUrls("", page), ["wss://app.example/ws"]);
  assert.deepEqual(socketUrls(null, page), ["wss://app.example/ws"]);
  rememberScriptUrl("https://salon.example/sdk/ZegoExpressWebRTC.js?v=1");
  assert.deepEqual(socketUrls([], page), ["wss://salon.example/ws"]);
  rememberScriptUrl("https://salon.example/video/sdk/ZegoExpressWebRTC.mjs");
  assert.deepEqual(socketUrls("", "https://app.example/page"), ["wss://salon.example/video/ws"]);
  rememberScriptUrl("http://localhost:8080/a/b/sdk/ZegoExpressWebRTC.js#x");
  assert.deepEqual(socketUrls(null, page), ["ws://localhost:8080/a/b/ws"]);
  rememberScriptUrl("https://cdn.example/bundle.js");
  assert.deepEqual(socketUrls("", page), ["wss://app.example/ws"]);
  rememberScriptUrl(null);
});
