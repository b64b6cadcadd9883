// Another camera or microphone, or a track of the app's own, in a stream that is published.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DevicePage } from "./device-page.js";
import { FakeMediaStream, FakeTrack } from "./fake-media.js";
import { settle } from "./fake-time.js";

const DONE = { errorCode: 0, extendedData: "" };
const native = (track: FakeTrack): MediaStreamTrack => track as unknown as MediaStreamTrack;

test("a dead camera is repaired by another one", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  const changed: unknown[] = [];
  stream.on("videoTrackChanged", (track) => changed.push(track));
  page.camera.end();
  await settle();
  assert.equal(page.sent("video"), page.blackTrack);
  const back = (page.devices.next = new FakeTrack("video", "Back"));
  assert.deepEqual(await page.engine.useVideoDevice(stream, "c2"), DONE);
  await settle();
  assert.deepEqual([page.sent("video"), stream.getVideoTracks(), changed], [back, [back], [back]]);
  const asked = page.devices.asked.at(-1) as { video: MediaTrackConstraints; audio?: unknown };
  assert.deepEqual([asked.video.deviceId, asked.audio], [{ exact: "c2" }, undefined]);
  assert.ok(asked.video.width !== undefined, "with the size it was asked for at first");
  // The new one is followed like the first.
  page.reported.length = 0;
  back.end();
  await settle();
  assert.deepEqual(page.reported, [["deviceError", 1106010, "Back"]]);
  assert.equal(page.sent("video"), page.blackTrack);
});

test("a dead camera is repaired by a track of the app's own", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  page.camera.end();
  await settle();
  const drawn = new FakeTrack("video", "canvas");
  assert.deepEqual(await page.engine.replaceTrack(stream, native(drawn)), DONE);
  await settle();
  assert.equal(page.sent("video"), drawn);
  page.engine.destroyStream(stream);
  assert.equal(drawn.readyState, "live", "it is the app's");
});

test("a track that was replaced can be put back, and ends with the stream", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  await page.engine.replaceTrack(stream, native(new FakeTrack("video")));
  assert.equal(page.camera.readyState, "live");
  await page.engine.replaceTrack(stream, native(page.camera));
  await settle();
  assert.equal(page.sent("video"), page.camera);
  page.reported.length = 0;
  page.camera.end();
  await settle();
  assert.deepEqual(page.reported, [["deviceError", 1106010, "Front"]], "once");
  await page.engine.replaceTrack(stream, native(new FakeTrack("video")));
  page.engine.destroyStream(stream);
  assert.equal(page.microphone.readyState, "ended");
});

test("a microphone that is muted stays so when it is another one", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  page.engine.mutePublishStreamAudio(stream, true);
  const other = (page.devices.next = new FakeTrack("audio", "DevicePage"));
  assert.deepEqual(await page.engine.useAudioDevice(stream, "m2"), DONE);
  assert.deepEqual([other.enabled, page.microphone.readyState], [false, "ended"]);
  page.engine.mutePublishStreamAudio(stream, false);
  assert.equal(other.enabled, true);
});

test("a picture that is withheld stays so while the preview shows the other camera", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  page.engine.mutePublishStreamVideo(stream, true, true);
  const front = (page.devices.next = new FakeTrack("video"));
  await page.engine.useFrontCamera(stream, true);
  await settle();
  const sent = page.sent("video") as FakeTrack;
  assert.deepEqual([sent === front, sent.enabled, stream.getVideoTracks()], [false, false, [front]]);
  page.engine.mutePublishStreamVideo(stream, false);
  await settle();
  assert.equal(page.sent("video"), front);
});

test("if the other device cannot be had, the former stays", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  for (const [name, code] of [
    ["NotAllowedError", 1103064],
    ["NotReadableError", 1103065],
    ["OverconstrainedError", 1103066],
  ] as const) {
    page.devices.next = Object.assign(new Error("no"), { name });
    await assert.rejects(page.engine.useVideoDevice(stream, "c9"), { errorCode: code });
  }
  assert.deepEqual([page.sent("video"), page.camera.readyState], [page.camera, "live"]);
});

test("what cannot be replaced is refused with a code", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  const ended = new FakeTrack("video");
  ended.stop();
  for (const wrong of [native(ended), undefined as unknown as MediaStreamTrack, {} as MediaStreamTrack]) {
    await assert.rejects(page.engine.replaceTrack(stream, wrong), { errorCode: 1100001 });
  }
  const source = new FakeMediaStream([new FakeTrack("video")]) as unknown as MediaStream;
  const custom = await page.engine.createZegoStream({ custom: { video: { source } } });
  await assert.rejects(page.engine.useVideoDevice(custom, "c2"), { errorCode: 1100001 });
  await assert.rejects(page.engine.replaceTrack(custom, native(new FakeTrack("audio"))), { errorCode: 1103045 });
  await assert.rejects(page.engine.replaceTrack(source, native(new FakeTrack("video"))), { errorCode: 1103044 });
});

test("a device that opens after its stream was destroyed is switched off", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  const late = (page.devices.next = new FakeTrack("video"));
  const switching = page.engine.useVideoDevice(stream, "c2");
  page.engine.destroyStream(stream);
  await assert.rejects(switching, { errorCode: 1103044 });
  assert.equal(late.readyState, "ended");
});
