import assert from "node:assert/strict";
import { test } from "node:test";
import { planCapture } from "../src/capture/plan.js";
import type { ZegoStreamOptions } from "../src/entities/index.js";

const DEFAULT = 3;

function camera(options?: ZegoStreamOptions, scenario = DEFAULT) {
  const plan = planCapture(options, scenario);
  assert.equal(plan.source, "camera");
  if (plan.source !== "camera") throw new Error("unreachable");
  return plan;
}

function screen(options: ZegoStreamOptions) {
  const plan = planCapture(options, DEFAULT);
  if (plan.source !== "screen") throw new Error("not a screen");
  return plan;
}

test("no options: camera and microphone at the scenario's numbers", () => {
  for (const options of [undefined, {}]) {
    const plan = camera(options);
    assert.deepEqual(plan.constraints.video, {
      width: { ideal: 640 },
      height: { ideal: 480 },
      frameRate: { ideal: 15 },
    });
    assert.deepEqual(plan.constraints.audio, { channelCount: { ideal: 1 } });
    assert.equal(plan.encoding.videoKbps, 800);
    assert.equal(plan.encoding.audioKbps, 48);
    assert.equal(plan.encoding.startKbps, null);
  }
  assert.deepEqual((camera({}, 5).constraints.video as MediaTrackConstraints).width, { ideal: 960 });
  assert.equal(camera({}, 6).constraints.video, false);
  assert.notEqual(camera({ camera: { video: true } }, 6).constraints.video, false);
});

test("version 2's flat fields and version 3's nested ones say the same", () => {
  const flat = camera({ camera: { videoQuality: 3, videoInput: "cam", audioInput: "mic", ANS: false } });
  const nested = camera({ camera: { video: { quality: 3, input: "cam" }, audio: { input: "mic", ANS: false } } });
  assert.deepEqual(flat, nested);
  assert.equal(flat.encoding.videoKbps, 1500);
  const video = flat.constraints.video as MediaTrackConstraints;
  assert.deepEqual(video.deviceId, { exact: "cam" });
  assert.equal((flat.constraints.audio as MediaTrackConstraints).noiseSuppression, false);
});

test("quality 4 takes the app's numbers; those missing come from the default", () => {
  const plan = camera({ camera: { videoQuality: 4, width: 800, height: { exact: 600, ideal: 1 }, bitrate: 1234 } });
  const video = plan.constraints.video as MediaTrackConstraints;
  assert.deepEqual([video.width, video.height, video.frameRate], [{ ideal: 800 }, { exact: 600 }, { ideal: 15 }]);
  assert.equal(plan.encoding.videoKbps, 1234);
});

test("facing mode beats the device", () => {
  const plan = camera({ camera: { video: { facingMode: "environment", input: "cam" } } });
  const video = plan.constraints.video as MediaTrackConstraints;
  assert.equal(video.facingMode, "environment");
  assert.equal(video.deviceId, undefined);
});

test("the guide's screen call: quality 4 without numbers is the balanced preset, without sound", () => {
  const plan = screen({ screen: { audio: false, videoQuality: 4 } });
  assert.deepEqual(plan.constraints, { video: { frameRate: { ideal: 15 } }, audio: false });
  assert.equal(plan.encoding.videoKbps, 1500);
  assert.equal(plan.encoding.startKbps, 1500);
});

test("screens: nested quality, sound with echo cancellation only, exact sizes as wishes", () => {
  const plan = screen({ screen: { video: { quality: 3, width: { exact: 1920 } }, audio: true } });
  assert.deepEqual(plan.constraints.video, { frameRate: { ideal: 5 }, width: { ideal: 1920 } });
  assert.deepEqual(plan.constraints.audio, { noiseSuppression: false, autoGainControl: false, echoCancellation: true });
  assert.equal(plan.encoding.videoKbps, 2000);
});

test("bitrates: the call's own beat the preset", () => {
  assert.equal(camera({ videoBitrate: 700 }).encoding.videoKbps, 700);
  const target = camera({ videoBitrate: { bitrate: 900, startBitrate: "target" }, audioBitrate: 128 });
  assert.deepEqual([target.encoding.videoKbps, target.encoding.startKbps, target.encoding.audioKbps], [900, 900, 128]);
});

test("a single element is shared in either form of the options", () => {
  const element = {} as HTMLElement;
  for (const screen of [{ video: { captureElement: element } }, { captureElement: element }]) {
    const plan = planCapture({ screen }, 3);
    assert.equal(plan.source === "screen" && plan.captureElement, element);
  }
});
