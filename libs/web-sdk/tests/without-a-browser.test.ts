// Server-side rendering imports the SDK where there is no browser at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebRTCUtil, ZegoExpressEngine } from "../src/index.js";

const engine = (): ZegoExpressEngine => new ZegoExpressEngine(1, "ws://127.0.0.1:1/ws");

/** Node up to 20 has no `navigator`; newer ones have one without `mediaDevices`. */
function withoutNavigator(): void {
  Reflect.deleteProperty(globalThis, "navigator");
}

test("every single question is answered with no", async () => {
  withoutNavigator();
  for (const type of ["webRTC", "customCapture", "camera", "microphone", "screenSharing", "H264", "VP8"] as const) {
    assert.equal((await engine().checkSystemRequirements(type)).result, false, type);
  }
});

test("the question for everything is answered with no, and why", async () => {
  withoutNavigator();
  const found = await engine().checkSystemRequirements();
  const { webRTC, customCapture, camera, microphone, screenSharing } = found;
  assert.deepEqual([webRTC, customCapture, camera, microphone, screenSharing], [false, false, false, false, false]);
  assert.deepEqual(Object.keys(found.errInfo).sort(), ["camera", "customCapture", "microphone", "webRTC"]);
  assert.equal(WebRTCUtil.supportDetection().screenSharing, false);
});

test("devices and streams are refused with a code", async () => {
  withoutNavigator();
  await assert.rejects(engine().getCameras(), { errorCode: 1103053 });
  await assert.rejects(engine().enumDevices(), { errorCode: 1103053 });
  await assert.rejects(engine().createZegoStream(), { errorCode: 1103053 });
  await assert.rejects(engine().createZegoStream({ screen: {} }), { errorCode: 1103053 });
  assert.throws(() => engine().createRemoteStreamView({} as MediaStream), { errorCode: 1000018 });
});
