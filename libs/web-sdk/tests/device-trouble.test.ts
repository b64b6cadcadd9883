import assert from "node:assert/strict";
import { test } from "node:test";
import { DevicePage } from "./device-page.js";
import { FakeMediaStream, FakePeerConnection } from "./fake-media.js";
import { advance, settle } from "./fake-time.js";

test("a camera that ends is an event for the app and black for the others", async () => {
  const page = new DevicePage();
  await page.publish();
  page.camera.end();
  await settle();
  assert.deepEqual(page.reported, [["deviceError", 1106010, "Front"]]);
  assert.ok(page.blackTrack !== undefined && page.sent("video") === page.blackTrack);
  assert.equal(page.sent("audio"), page.microphone);
  page.engine.stopPublishingStream("s");
  assert.equal(page.blackTrack?.readyState, "ended");
});

test("a microphone that ends is an event as well, and leaves the picture alone", async () => {
  const page = new DevicePage();
  await page.publish();
  page.microphone.end();
  await settle();
  assert.deepEqual(page.reported, [["deviceError", 1106009, "Headset"]]);
  assert.equal(page.sent("video"), page.camera);
});

test("a camera that the system holds back is black until it gives again", async () => {
  const page = new DevicePage();
  await page.publish();
  page.camera.hold(true);
  advance(1_900);
  assert.deepEqual(page.reported, []);
  advance(200);
  await settle();
  assert.deepEqual(page.reported, [["deviceError", 1106012, "Front"]]);
  assert.equal(page.sent("video"), page.blackTrack);
  page.camera.hold(false);
  await settle();
  assert.equal(page.sent("video"), page.camera);
  assert.equal(page.blackTrack?.readyState, "ended");
});

test("a pause of a second is no news", async () => {
  const page = new DevicePage();
  await page.publish();
  page.camera.hold(true);
  advance(1_000);
  page.camera.hold(false);
  advance(10_000);
  await settle();
  assert.deepEqual([page.reported, page.sent("video")], [[], page.camera]);
});

test("what ended before is not published, and a stream of nothing else is refused", async () => {
  const page = new DevicePage();
  const stream = await page.engine.createZegoStream();
  page.camera.end();
  await page.publish(stream);
  assert.deepEqual(
    FakePeerConnection.last?.transceivers.map(({ kind }) => kind),
    ["audio"],
  );
  page.engine.stopPublishingStream("s");
  page.microphone.end();
  await settle();
  page.reported.length = 0;
  assert.equal(page.engine.startPublishingStream("t", stream), false);
  assert.deepEqual(page.reported, [["NO_PUBLISH", 1103041]]);
});

test("a dead camera stays black when the connection is renewed", async () => {
  const page = new DevicePage();
  await page.publish();
  page.camera.end();
  await settle();
  const former = FakePeerConnection.last;
  former?.fail();
  advance(0);
  await settle();
  await page.answered("publish");
  assert.notEqual(FakePeerConnection.last, former);
  assert.equal(page.sent("video"), page.blackTrack);
});

test("the app's own track that ends is black as well; the app itself knows", async () => {
  const page = new DevicePage();
  const source = new FakeMediaStream([page.camera]) as unknown as MediaStream;
  await page.publish(await page.engine.createZegoStream({ custom: { video: { source } } }));
  // A canvas that stands still.
  page.camera.hold(true);
  advance(5_000);
  await settle();
  assert.equal(page.sent("video"), page.camera);
  page.camera.end();
  await settle();
  assert.equal(page.sent("video"), page.blackTrack);
  assert.deepEqual(page.reported, []);
});

test("a destroyed stream says nothing any more", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  page.engine.stopPublishingStream("s");
  page.engine.destroyStream(stream);
  page.reported.length = 0;
  page.camera.end();
  await settle();
  assert.deepEqual(page.reported, []);
});

test("devices that come and go are told by kind", async () => {
  const page = new DevicePage();
  const reported: unknown[][] = [];
  page.engine.on("videoDeviceStateChanged", (...args) => reported.push(["video", ...args]));
  page.engine.on("audioDeviceStateChanged", (...args) => reported.push(["audio", ...args]));
  await settle();
  const camera = { kind: "videoinput", deviceId: "c1", label: "Front" };
  const speaker = { kind: "audiooutput", deviceId: "s1", label: "Speaker" };
  page.devices.list = [camera, speaker, { ...speaker, deviceId: "default" }];
  page.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  page.devices.list = [speaker];
  page.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  const front = { deviceName: "Front", deviceID: "c1" };
  assert.deepEqual(reported, [
    ["video", "ADD", front],
    ["audio", "ADD", "Output", { deviceName: "Speaker", deviceID: "s1" }],
    ["video", "DELETE", front],
  ]);
});

test("devices that only got their names did not come", async () => {
  const page = new DevicePage();
  const reported: unknown[] = [];
  page.devices.list = [{ kind: "videoinput", deviceId: "", label: "" }];
  page.engine.on("videoDeviceStateChanged", (...args) => reported.push(args));
  await settle();
  page.devices.list = [{ kind: "videoinput", deviceId: "c1", label: "Front" }];
  await page.engine.createZegoStream();
  page.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual(reported, []);
  page.engine.destroyEngine();
  page.devices.list = [];
  page.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual(reported, []);
});
