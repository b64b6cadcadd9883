import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "./desk.js";
import { FakeMediaStream, FakePeerConnection } from "./fake-media.js";
import { advance, settle } from "./fake-time.js";

test("a camera that ends is an event for the app and black for the others", async () => {
  const desk = new Desk();
  await desk.publish();
  desk.camera.end();
  await settle();
  assert.deepEqual(desk.heard, [["deviceError", 1106010, "Front"]]);
  assert.ok(desk.blackTrack !== undefined && desk.sent("video") === desk.blackTrack);
  assert.equal(desk.sent("audio"), desk.microphone);
  desk.engine.stopPublishingStream("s");
  assert.equal(desk.blackTrack?.readyState, "ended");
});

test("a microphone that ends is an event as well, and leaves the picture alone", async () => {
  const desk = new Desk();
  await desk.publish();
  desk.microphone.end();
  await settle();
  assert.deepEqual(desk.heard, [["deviceError", 1106009, "Headset"]]);
  assert.equal(desk.sent("video"), desk.camera);
});

test("a camera that the system holds back is black until it gives again", async () => {
  const desk = new Desk();
  await desk.publish();
  desk.camera.hold(true);
  advance(1_900);
  assert.deepEqual(desk.heard, []);
  advance(200);
  await settle();
  assert.deepEqual(desk.heard, [["deviceError", 1106012, "Front"]]);
  assert.equal(desk.sent("video"), desk.blackTrack);
  desk.camera.hold(false);
  await settle();
  assert.equal(desk.sent("video"), desk.camera);
  assert.equal(desk.blackTrack?.readyState, "ended");
});

test("a pause of a second is no news", async () => {
  const desk = new Desk();
  await desk.publish();
  desk.camera.hold(true);
  advance(1_000);
  desk.camera.hold(false);
  advance(10_000);
  await settle();
  assert.deepEqual([desk.heard, desk.sent("video")], [[], desk.camera]);
});

test("what ended before is not published, and a stream of nothing else is refused", async () => {
  const desk = new Desk();
  const stream = await desk.engine.createZegoStream();
  desk.camera.end();
  await desk.publish(stream);
  assert.deepEqual(
    FakePeerConnection.last?.transceivers.map(({ kind }) => kind),
    ["audio"],
  );
  desk.engine.stopPublishingStream("s");
  desk.microphone.end();
  await settle();
  desk.heard.length = 0;
  assert.equal(desk.engine.startPublishingStream("t", stream), false);
  assert.deepEqual(desk.heard, [["NO_PUBLISH", 1103041]]);
});

test("a dead camera stays black when the connection is renewed", async () => {
  const desk = new Desk();
  await desk.publish();
  desk.camera.end();
  await settle();
  const former = FakePeerConnection.last;
  former?.fail();
  advance(0);
  await settle();
  await desk.answered("publish");
  assert.notEqual(FakePeerConnection.last, former);
  assert.equal(desk.sent("video"), desk.blackTrack);
});

test("the app's own track that ends is black as well; the app itself knows", async () => {
  const desk = new Desk();
  const source = new FakeMediaStream([desk.camera]) as unknown as MediaStream;
  await desk.publish(await desk.engine.createZegoStream({ custom: { video: { source } } }));
  // A canvas that stands still.
  desk.camera.hold(true);
  advance(5_000);
  await settle();
  assert.equal(desk.sent("video"), desk.camera);
  desk.camera.end();
  await settle();
  assert.equal(desk.sent("video"), desk.blackTrack);
  assert.deepEqual(desk.heard, []);
});

test("a destroyed stream says nothing any more", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  desk.engine.stopPublishingStream("s");
  desk.engine.destroyStream(stream);
  desk.heard.length = 0;
  desk.camera.end();
  await settle();
  assert.deepEqual(desk.heard, []);
});

test("devices that come and go are told by kind", async () => {
  const desk = new Desk();
  const heard: unknown[][] = [];
  desk.engine.on("videoDeviceStateChanged", (...args) => heard.push(["video", ...args]));
  desk.engine.on("audioDeviceStateChanged", (...args) => heard.push(["audio", ...args]));
  await settle();
  const camera = { kind: "videoinput", deviceId: "c1", label: "Front" };
  const speaker = { kind: "audiooutput", deviceId: "s1", label: "Speaker" };
  desk.devices.list = [camera, speaker, { ...speaker, deviceId: "default" }];
  desk.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  desk.devices.list = [speaker];
  desk.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  const front = { deviceName: "Front", deviceID: "c1" };
  assert.deepEqual(heard, [
    ["video", "ADD", front],
    ["audio", "ADD", "Output", { deviceName: "Speaker", deviceID: "s1" }],
    ["video", "DELETE", front],
  ]);
});

test("devices that only got their names did not come", async () => {
  const desk = new Desk();
  const heard: unknown[] = [];
  desk.devices.list = [{ kind: "videoinput", deviceId: "", label: "" }];
  desk.engine.on("videoDeviceStateChanged", (...args) => heard.push(args));
  await settle();
  desk.devices.list = [{ kind: "videoinput", deviceId: "c1", label: "Front" }];
  await desk.engine.createZegoStream();
  desk.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual(heard, []);
  desk.engine.destroyEngine();
  desk.devices.list = [];
  desk.devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual(heard, []);
});
