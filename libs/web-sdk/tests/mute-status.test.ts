// What of a stream gives nothing: told by its publisher, and heard by whoever plays it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DevicePage } from "./device-page.js";
import { EngineFixture } from "./engine-fixture.js";
import { FakePeerConnection } from "./fake-media.js";
import type { FakeSocket } from "./fake-socket.js";
import { advance, settle } from "./fake-time.js";

/** What was reported to the server as muted, each time. */
function reports(it: EngineFixture): unknown[] {
  const sent = it.server.sockets.flatMap((socket: FakeSocket) => socket.sent) as Record<string, any>[];
  const bodies = sent.flatMap((each) => each["publish"] ?? each["muteStream"] ?? []);
  return bodies.map(({ mutedKinds }) => mutedKinds ?? []);
}

async function done(it: EngineFixture): Promise<void> {
  await it.answer("muteStream", { done: {} });
}

test("muting and unmuting is told, and so is a device that ends", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  page.engine.mutePublishStreamAudio(stream, true);
  await done(page);
  page.engine.mutePublishStreamVideo(stream, true);
  await done(page);
  page.engine.mutePublishStreamVideo(stream, false);
  await done(page);
  page.engine.mutePublishStreamVideo(stream, true, true);
  await done(page);
  page.engine.mutePublishStreamAudio(stream, false);
  await done(page);
  page.engine.mutePublishStreamVideo(stream, false);
  await done(page);
  page.camera.end();
  await done(page);
  page.engine.muteMicrophone(true);
  await done(page);
  assert.deepEqual(reports(page), [
    [],
    ["audio"],
    ["audio", "video"],
    ["audio"],
    ["audio", "video"],
    ["video"],
    [],
    ["video"],
    ["audio", "video"],
  ]);
});

test("a device that the system holds back is off until it gives again", async () => {
  const page = new DevicePage();
  await page.publish();
  page.microphone.hold(true);
  advance(2_100);
  await done(page);
  page.microphone.hold(false);
  await done(page);
  assert.deepEqual(reports(page), [[], ["audio"], []]);
});

test("what is muted before it is published is announced with it, also over a new connection", async () => {
  const page = new DevicePage();
  const stream = await page.engine.createZegoStream();
  page.engine.mutePublishStreamVideo(stream, true);
  await page.publish(stream);
  FakePeerConnection.last?.fail();
  advance(0);
  await settle();
  await page.answered("publish");
  assert.deepEqual(reports(page), [["video"], ["video"]]);
});

test("what changes while it is announced is told when it is there", async () => {
  const page = new DevicePage();
  const stream = await page.engine.createZegoStream();
  await page.login();
  page.engine.startPublishingStream("s", stream);
  await settle();
  page.engine.mutePublishStreamAudio(stream, true);
  await settle();
  assert.deepEqual(reports(page), [[]]);
  await page.answered("publish");
  assert.deepEqual(reports(page), [[], ["audio"]]);
});

test("of many changes only the newest is told, and one that was refused after a pause", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  for (const mute of [true, false, true, false, true]) page.engine.mutePublishStreamVideo(stream, mute);
  page.engine.mutePublishStreamAudio(stream, true);
  await settle();
  assert.deepEqual(reports(page), [[], ["video"]]);
  await done(page);
  assert.deepEqual(reports(page), [[], ["video"], ["audio", "video"]]);
  await page.answer("muteStream", { failed: { code: 1109001, reason: "rate-limited", retryable: true } });
  page.engine.mutePublishStreamVideo(stream, false);
  await settle();
  assert.equal(reports(page).length, 3);
  advance(2_000);
  await settle();
  assert.deepEqual(reports(page).at(-1), ["audio"]);
  await done(page);
  page.engine.stopPublishingStream("s");
  page.engine.mutePublishStreamAudio(stream, false);
  advance(60_000);
  await settle();
  assert.equal(reports(page).length, 4);
});

test("a server that does not know the request is asked once", async () => {
  const page = new DevicePage();
  const stream = await page.publish();
  page.engine.mutePublishStreamAudio(stream, true);
  await page.answer("muteStream", { failed: { code: 1102011, reason: "request-malformed" } });
  page.engine.mutePublishStreamAudio(stream, false);
  page.engine.mutePublishStreamVideo(stream, true);
  advance(60_000);
  await settle();
  assert.equal(reports(page).length, 2);
});

/** An app that plays what is there, and what it hears of cameras and microphones. */
class Watcher extends EngineFixture {
  readonly status: string[] = [];

  constructor() {
    super();
    this.engine.on("playerStateUpdate", ({ state }) => this.status.push(state));
    this.engine.on("remoteCameraStatusUpdate", (id, status) => this.status.push(`${id} camera ${status}`));
    this.engine.on("remoteMicStatusUpdate", (id, status) => this.status.push(`${id} microphone ${status}`));
  }

  async play(...mutedKinds: string[]): Promise<void> {
    const user = { userId: "bob", userName: "bob" };
    await this.login("04", { streams: [{ streamId: "s", user, kinds: ["audio", "video"], mutedKinds }] });
    void this.engine.startPlayingStream("s");
    await settle();
    await this.answered("play");
    this.status.splice(0, this.status.indexOf("PLAYING"));
  }

  mute(...mutedKinds: string[]): void {
    this.server.last.push({ streamMuteChanged: { streamId: "s", mutedKinds } });
  }
}

test("whoever plays a stream hears of every change, and of each kind by itself", async () => {
  const it = new Watcher();
  await it.play();
  it.mute("audio");
  it.mute("audio", "video");
  it.mute("audio", "video");
  it.mute("video");
  it.mute();
  assert.deepEqual(it.status, ["PLAYING", "s microphone MUTE", "s camera MUTE", "s microphone OPEN", "s camera OPEN"]);
});

test("what is muted already is heard once it plays", async () => {
  const it = new Watcher();
  await it.play("video");
  assert.deepEqual(it.status, ["PLAYING", "s camera MUTE"]);
});

test("whoever does not play it hears nothing", async () => {
  const it = new Watcher();
  await it.play();
  it.engine.stopPlayingStream("s");
  it.status.length = 0;
  it.mute("video");
  it.server.last.push({ streamMuteChanged: { streamId: "unknown", mutedKinds: ["video"] } });
  assert.deepEqual(it.status, []);
});

test("what changed during an interruption is heard when it plays again", async () => {
  const it = new Watcher();
  await it.play("audio");
  const user = { userId: "bob", userName: "bob" };
  const stream = { streamId: "s", user, kinds: ["audio", "video"] };
  it.server.last.push({ streamsChanged: { updateType: "UPDATE_TYPE_DELETE", streams: [stream] } });
  it.server.last.push({
    streamsChanged: { updateType: "UPDATE_TYPE_ADD", streams: [{ ...stream, mutedKinds: ["video"] }] },
  });
  await settle();
  it.status.length = 0;
  await it.answered("play");
  assert.deepEqual(it.status, ["PLAYING", "s microphone OPEN", "s camera MUTE"]);
});

test("one's own stream that is played is heard of as well", async () => {
  const page = new DevicePage();
  const reported: string[] = [];
  page.engine.on("remoteCameraStatusUpdate", (id, status) => reported.push(`${id} ${status}`));
  const stream = await page.publish();
  void page.engine.startPlayingStream("s");
  await settle();
  await page.answered("play");
  page.engine.mutePublishStreamVideo(stream, true);
  page.engine.mutePublishStreamVideo(stream, false);
  assert.deepEqual(reported, ["s MUTE", "s OPEN"]);
});
