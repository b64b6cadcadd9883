// What of a stream gives nothing: told by its publisher, and heard by whoever plays it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "./desk.js";
import { EngineFixture } from "./engine-fixture.js";
import { FakePeerConnection } from "./fake-media.js";
import type { FakeSocket } from "./fake-socket.js";
import { advance, settle } from "./fake-time.js";

/** What the server was told is muted, each time. */
function told(it: EngineFixture): unknown[] {
  const sent = it.server.sockets.flatMap((socket: FakeSocket) => socket.sent) as Record<string, any>[];
  const bodies = sent.flatMap((each) => each["publish"] ?? each["muteStream"] ?? []);
  return bodies.map(({ mutedKinds }) => mutedKinds ?? []);
}

async function done(it: EngineFixture): Promise<void> {
  await it.answer("muteStream", { done: {} });
}

test("muting and unmuting is told, and so is a device that ends", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  desk.engine.mutePublishStreamAudio(stream, true);
  await done(desk);
  desk.engine.mutePublishStreamVideo(stream, true);
  await done(desk);
  desk.engine.mutePublishStreamVideo(stream, false);
  await done(desk);
  desk.engine.mutePublishStreamVideo(stream, true, true);
  await done(desk);
  desk.engine.mutePublishStreamAudio(stream, false);
  await done(desk);
  desk.engine.mutePublishStreamVideo(stream, false);
  await done(desk);
  desk.camera.end();
  await done(desk);
  desk.engine.muteMicrophone(true);
  await done(desk);
  assert.deepEqual(told(desk), [
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
  const desk = new Desk();
  await desk.publish();
  desk.microphone.hold(true);
  advance(2_100);
  await done(desk);
  desk.microphone.hold(false);
  await done(desk);
  assert.deepEqual(told(desk), [[], ["audio"], []]);
});

test("what is muted before it is published is announced with it, also over a new connection", async () => {
  const desk = new Desk();
  const stream = await desk.engine.createZegoStream();
  desk.engine.mutePublishStreamVideo(stream, true);
  await desk.publish(stream);
  FakePeerConnection.last?.fail();
  advance(0);
  await settle();
  await desk.answered("publish");
  assert.deepEqual(told(desk), [["video"], ["video"]]);
});

test("what changes while it is announced is told when it is there", async () => {
  const desk = new Desk();
  const stream = await desk.engine.createZegoStream();
  await desk.login();
  desk.engine.startPublishingStream("s", stream);
  await settle();
  desk.engine.mutePublishStreamAudio(stream, true);
  await settle();
  assert.deepEqual(told(desk), [[]]);
  await desk.answered("publish");
  assert.deepEqual(told(desk), [[], ["audio"]]);
});

test("of many changes only the newest is told, and one that was refused after a pause", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  for (const mute of [true, false, true, false, true]) desk.engine.mutePublishStreamVideo(stream, mute);
  desk.engine.mutePublishStreamAudio(stream, true);
  await settle();
  assert.deepEqual(told(desk), [[], ["video"]]);
  await done(desk);
  assert.deepEqual(told(desk), [[], ["video"], ["audio", "video"]]);
  await desk.answer("muteStream", { failed: { code: 1109001, reason: "rate-limited", retryable: true } });
  desk.engine.mutePublishStreamVideo(stream, false);
  await settle();
  assert.equal(told(desk).length, 3);
  advance(2_000);
  await settle();
  assert.deepEqual(told(desk).at(-1), ["audio"]);
  await done(desk);
  desk.engine.stopPublishingStream("s");
  desk.engine.mutePublishStreamAudio(stream, false);
  advance(60_000);
  await settle();
  assert.equal(told(desk).length, 4);
});

test("a server that does not know the request is asked once", async () => {
  const desk = new Desk();
  const stream = await desk.publish();
  desk.engine.mutePublishStreamAudio(stream, true);
  await desk.answer("muteStream", { failed: { code: 1102011, reason: "request-malformed" } });
  desk.engine.mutePublishStreamAudio(stream, false);
  desk.engine.mutePublishStreamVideo(stream, true);
  advance(60_000);
  await settle();
  assert.equal(told(desk).length, 2);
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
  const desk = new Desk();
  const heard: string[] = [];
  desk.engine.on("remoteCameraStatusUpdate", (id, status) => heard.push(`${id} ${status}`));
  const stream = await desk.publish();
  void desk.engine.startPlayingStream("s");
  await settle();
  await desk.answered("play");
  desk.engine.mutePublishStreamVideo(stream, true);
  desk.engine.mutePublishStreamVideo(stream, false);
  assert.deepEqual(heard, ["s MUTE", "s OPEN"]);
});
