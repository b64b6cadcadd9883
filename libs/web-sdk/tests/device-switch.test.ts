// Another camera or microphone, or a track of the app's own, in a stream that is published.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "./desk.js";
import { FakeMediaStream, FakeTrack } from "./fake-media.js";
import { settle } from "./fake-time.js";

const DONE = { errorCode: 0, extendedData: "" };
const native = (track: FakeTrack): MediaStreamTrack => track as unknown as MediaStreamTrack;

test("a dead camera is repaired by another one", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  const changed: unknown[] = [];
  stream.on("videoTrackChanged", (track) => changed.push(track));
  desk.camera.end();
  await settle();
  assert.equal(desk.sent("video"), desk.blackTrack);
  const back = (desk.devices.next = new FakeTrack("video", "Back"));
  assert.deepEqual(await desk.engine.useVideoDevice(stream, "c2"), DONE);
  await settle();
  assert.deepEqual([desk.sent("video"), stream.getVideoTracks(), changed], [back, [back], [back]]);
  const asked = desk.devices.asked.at(-1) as { video: MediaTrackConstraints; audio?: unknown };
  assert.deepEqual([asked.video.deviceId, asked.audio], [{ exact: "c2" }, undefined]);
  assert.ok(asked.video.width !== undefined, "with the size it was asked for at first");
  // The new one is followed like the first.
  desk.heard.length = 0;
  back.end();
  await settle();
  assert.deepEqual(desk.heard, [["deviceError", 1106010, "Back"]]);
  assert.equal(desk.sent("video"), desk.blackTrack);
});

test("a dead camera is repaired by a track of the app's own", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  desk.camera.end();
  await settle();
  const drawn = new FakeTrack("video", "canvas");
  assert.deepEqual(await desk.engine.replaceTrack(stream, native(drawn)), DONE);
  await settle();
  assert.equal(desk.sent("video"), drawn);
  desk.engine.destroyStream(stream);
  assert.equal(drawn.readyState, "live", "it is the app's");
});

test("a track that was replaced can be put back, and ends with the stream", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  await desk.engine.replaceTrack(stream, native(new FakeTrack("video")));
  assert.equal(desk.camera.readyState, "live");
  await desk.engine.replaceTrack(stream, native(desk.camera));
  await settle();
  assert.equal(desk.sent("video"), desk.camera);
  desk.heard.length = 0;
  desk.camera.end();
  await settle();
  assert.deepEqual(desk.heard, [["deviceError", 1106010, "Front"]], "once");
  await desk.engine.replaceTrack(stream, native(new FakeTrack("video")));
  desk.engine.destroyStream(stream);
  assert.equal(desk.microphone.readyState, "ended");
});

test("a microphone that is muted stays so when it is another one", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  desk.engine.mutePublishStreamAudio(stream, true);
  const other = (desk.devices.next = new FakeTrack("audio", "Desk"));
  assert.deepEqual(await desk.engine.useAudioDevice(stream, "m2"), DONE);
  assert.deepEqual([other.enabled, desk.microphone.readyState], [false, "ended"]);
  desk.engine.mutePublishStreamAudio(stream, false);
  assert.equal(other.enabled, true);
});

test("a picture that is withheld stays so while the preview shows the other camera", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  desk.engine.mutePublishStreamVideo(stream, true, true);
  const front = (desk.devices.next = new FakeTrack("video"));
  await desk.engine.useFrontCamera(stream, true);
  await settle();
  const sent = desk.sent("video") as FakeTrack;
  assert.deepEqual([sent === front, sent.enabled, stream.getVideoTracks()], [false, false, [front]]);
  desk.engine.mutePublishStreamVideo(stream, false);
  await settle();
  assert.equal(desk.sent("video"), front);
});

test("if the other device cannot be had, the former stays", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  for (const [name, code] of [
    ["NotAllowedError", 1103064],
    ["NotReadableError", 1103065],
    ["OverconstrainedError", 1103066],
  ] as const) {
    desk.devices.next = Object.assign(new Error("no"), { name });
    await assert.rejects(desk.engine.useVideoDevice(stream, "c9"), { errorCode: code });
  }
  assert.deepEqual([desk.sent("video"), desk.camera.readyState], [desk.camera, "live"]);
});

test("what cannot be replaced is refused with a code", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  const ended = new FakeTrack("video");
  ended.stop();
  for (const wrong of [native(ended), undefined as unknown as MediaStreamTrack, {} as MediaStreamTrack]) {
    await assert.rejects(desk.engine.replaceTrack(stream, wrong), { errorCode: 1100001 });
  }
  const source = new FakeMediaStream([new FakeTrack("video")]) as unknown as MediaStream;
  const custom = await desk.engine.createZegoStream({ custom: { video: { source } } });
  await assert.rejects(desk.engine.useVideoDevice(custom, "c2"), { errorCode: 1100001 });
  await assert.rejects(desk.engine.replaceTrack(custom, native(new FakeTrack("audio"))), { errorCode: 1103045 });
  await assert.rejects(desk.engine.replaceTrack(source, native(new FakeTrack("video"))), { errorCode: 1103044 });
});

test("a device that opens after its stream was destroyed is switched off", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  const late = (desk.devices.next = new FakeTrack("video"));
  const switching = desk.engine.useVideoDevice(stream, "c2");
  desk.engine.destroyStream(stream);
  await assert.rejects(switching, { errorCode: 1103044 });
  assert.equal(late.readyState, "ended");
});
