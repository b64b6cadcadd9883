// One's own stream, played in the same moment as it is published.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineFixture } from "./engine-fixture.js";
import { FakeMediaStream, FakeTrack } from "./fake-media.js";
import { advance, settle } from "./fake-time.js";

const NOT_FOUND = { failed: { code: 1004002, reason: "stream-not-found" } };

async function ready(): Promise<{ it: EngineFixture; publish: () => boolean }> {
  const it = new EngineFixture();
  const source = new FakeMediaStream([new FakeTrack("video")]) as unknown as MediaStream;
  const stream = await it.engine.createZegoStream({ custom: { video: { source } } });
  await it.login();
  return { it, publish: () => it.engine.startPublishingStream("s", stream) };
}

/** Looked at later: until then, a refusal is nobody's mistake. */
function play(it: EngineFixture, streamID = "s"): Promise<MediaStream> {
  const played = it.engine.startPlayingStream(streamID);
  played.catch(() => undefined);
  return played;
}

test("it is asked for when it is published", async () => {
  const { it, publish } = await ready();
  publish();
  const played = play(it);
  await settle();
  assert.equal(it.asked("play"), 0);
  await it.answered("publish");
  await it.answered("play");
  assert.equal((await played).getTracks().length > 0, true);
  assert.deepEqual(it.reported.slice(-3), [
    ["PUBLISHING", 0],
    ["PLAY_REQUESTING", 0],
    ["PLAYING", 0],
  ]);
});

test("asked for just before, it is asked for again when it is published", async () => {
  const { it, publish } = await ready();
  const played = play(it);
  publish();
  await settle();
  await it.answer("play", NOT_FOUND);
  assert.deepEqual(it.reported.at(-1), ["PLAY_REQUESTING", 1004002]);
  await it.answered("publish");
  assert.equal(it.asked("play"), 2);
  await it.answered("play");
  assert.equal((await played).getTracks().length > 0, true);
});

test("if publishing fails, playing fails with its own reason", async () => {
  const { it, publish } = await ready();
  publish();
  const played = play(it);
  await settle();
  await it.answer("publish", { failed: { code: 1003028, reason: "stream-exists-already" } });
  await it.answer("play", NOT_FOUND);
  await assert.rejects(played, { errorCode: 1004002 });
});

test("if publishing is stopped while playing waits, playing fails instead of waiting on", async () => {
  const { it, publish } = await ready();
  const played = play(it);
  publish();
  await settle();
  await it.answer("play", NOT_FOUND);
  it.engine.stopPublishingStream("s");
  await settle();
  await it.answer("play", NOT_FOUND);
  await assert.rejects(played, { errorCode: 1004002 });
});

test("playing that is stopped while it waits stays stopped", async () => {
  const { it, publish } = await ready();
  publish();
  const played = play(it);
  assert.equal(it.engine.stopPlayingStream("s"), true);
  await settle();
  await it.answered("publish");
  advance(10_000);
  await settle();
  assert.equal(it.asked("play"), 0);
  await assert.rejects(played, { errorCode: 1104039 });
});

test("a stream that nobody publishes is not found at once", async () => {
  const { it } = await ready();
  const played = play(it, "other");
  await settle();
  await it.answer("play", NOT_FOUND);
  await assert.rejects(played, { errorCode: 1004002 });
});
