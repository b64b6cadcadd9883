import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { ZegoEffectsBeautyParam } from "../src/entities/index.js";
import { ZegoExpressEngine } from "../src/index.js";
import type { ZegoLocalStream } from "../src/capture/local-stream.js";
import { toStrengths } from "../src/beauty/effects.js";
import type { EffectsSet, Reply, StreamEffects } from "../src/signaling/messages.js";
import { FakeMediaStream, FakePeerConnection, FakeTrack, installFakeMedia } from "./fake-media.js";
import { FakeServer, type Sent } from "./fake-socket.js";
import { advance, settle, stopTime } from "./fake-time.js";

const ON: EffectsSet = { state: "STREAM_EFFECTS_STATE_ON" };
const OFF: EffectsSet = { state: "STREAM_EFFECTS_STATE_OFF" };
const NO_WORKER: EffectsSet = { state: "STREAM_EFFECTS_STATE_UNAVAILABLE", problem: "no-worker" };
const DONE = { errorCode: 0, extendedData: "" };
const UNAVAILABLE = { errorCode: 1103075, extendedData: "no-worker" };
const ALL_50 = { smoothIntensity: 50, whitenIntensity: 50, rosyIntensity: 50, sharpenIntensity: 50 };

beforeEach(() => {
  stopTime();
  installFakeMedia();
});

/** One engine that is logged in, its stream with a camera, and the server it talks to. */
class Fixture {
  readonly server = new FakeServer();
  readonly engine = new ZegoExpressEngine(7, "ws://one/ws");
  readonly errors: unknown[][] = [];
  stream!: ZegoLocalStream;

  static async make(kinds: readonly ("audio" | "video")[] = ["video"]): Promise<Fixture> {
    const made = new Fixture();
    const { engine, server } = made;
    engine.setLogConfig({ logLevel: "disable" });
    Object.assign(globalThis, {
      WebSocket: function (url: string) {
        return server.factory(url);
      },
    });
    engine.on("beautyEffectError", (...args) => made.errors.push(args));
    const source = new FakeMediaStream(kinds.map((kind) => new FakeTrack(kind))) as unknown as MediaStream;
    const custom = kinds.includes("video") ? { video: { source } } : { audio: { source } };
    made.stream = await engine.createZegoStream({ custom });
    const login = engine.loginRoom("room", "04", { userID: "ann" });
    server.accept();
    await login;
    return made;
  }

  /** What the server was asked with that body, in order. */
  sent(body: string): Record<string, unknown>[] {
    const all = this.server.sockets.flatMap((socket) => socket.sent);
    return all.filter((each) => body in each).map((each) => each[body] as Record<string, unknown>);
  }

  async answer(body: "publish" | "unpublish" | "setEffects", result: Reply): Promise<void> {
    const { last } = this.server;
    last.reply(last.find(body), result);
    await settle();
  }

  async publish(streamID = "s"): Promise<void> {
    this.engine.startPublishingStream(streamID, this.stream);
    await settle();
    await this.answer("publish", { answer: { sdp: "v=0" } });
  }

  notice(streamId: string, state: EffectsSet): void {
    this.server.last.push({ sequence: "99", effectsStateChanged: { streamId, ...state } });
  }

  beauty(enable: boolean, options?: ZegoEffectsBeautyParam): Promise<unknown> {
    return this.engine.setEffectsBeauty(this.stream, enable, options);
  }
}

test("before publishing the wish is in place at once and leaves with the publish", async () => {
  const it = await Fixture.make();
  assert.deepEqual(await it.beauty(true), DONE);
  assert.deepEqual(await it.beauty(true, { smoothIntensity: 80, rosyIntensity: 0 }), DONE);
  await it.publish();
  const effects = { enabled: true, smoothIntensity: 80, whitenIntensity: 50, rosyIntensity: 0, sharpenIntensity: 50 };
  assert.deepEqual(it.sent("publish")[0]?.["effects"], effects);
  assert.deepEqual(it.sent("setEffects"), []);
});

test("a stream nobody beautified is published without a word of it", async () => {
  const it = await Fixture.make();
  await it.publish();
  assert.equal("effects" in (it.sent("publish")[0] ?? {}), false);
});

test("the names mean what they say: smoothIntensity smooths, sharpenIntensity sharpens", async () => {
  const it = await Fixture.make();
  const options = { smoothIntensity: 1, whitenIntensity: 2, rosyIntensity: 3, sharpenIntensity: 4 };
  await it.beauty(true, options);
  await it.publish();
  const effects = it.sent("publish")[0]?.["effects"] as StreamEffects;
  assert.deepEqual(effects, { enabled: true, ...options });
  assert.deepEqual(toStrengths(effects), { smooth: 1, whiten: 2, rosy: 3, sharpen: 4 });
});

test("what is left out is 50 in every call, whatever it was before", async () => {
  const it = await Fixture.make();
  await it.publish();
  const first = it.beauty(true, { smoothIntensity: 10 });
  await settle();
  await it.answer("setEffects", { effectsSet: ON });
  await first;
  advance(100);
  void it.beauty(true, { sharpenIntensity: 0 });
  await settle();
  const effects = { enabled: true, ...ALL_50, sharpenIntensity: 0 };
  assert.deepEqual(it.sent("setEffects").at(-1), { streamId: "s", effects });
});

test("wrong values, foreign streams and streams without video are refused before anything is sent", async () => {
  const it = await Fixture.make();
  for (const wrong of [-1, 100.1, NaN, Infinity, "50", true, {}]) {
    const options = { smoothIntensity: wrong } as ZegoEffectsBeautyParam;
    await assert.rejects(it.beauty(true, options), { errorCode: 1100001 }, String(wrong));
  }
  await assert.rejects(it.beauty("yes" as unknown as boolean), { errorCode: 1100001 });
  await assert.rejects(it.beauty(true, 7 as ZegoEffectsBeautyParam), { errorCode: 1100001 });
  const foreign = new FakeMediaStream([]) as unknown as MediaStream;
  for (const stream of [foreign, null, undefined]) {
    await assert.rejects(it.engine.setEffectsBeauty(stream as MediaStream, true), { errorCode: 1103044 });
  }
  await it.publish();
  assert.equal("effects" in (it.sent("publish")[0] ?? {}), false);
  const sound = await Fixture.make(["audio"]);
  await assert.rejects(sound.beauty(true), { errorCode: 1103046 });
});

test("while publishing it resolves when the server says that viewers get it, on and off", async () => {
  const it = await Fixture.make();
  await it.publish();
  let settled = false;
  const on = it.beauty(true, ALL_50).finally(() => (settled = true));
  await settle();
  assert.deepEqual(it.sent("setEffects"), [{ streamId: "s", effects: { enabled: true, ...ALL_50 } }]);
  assert.equal(settled, false);
  await it.answer("setEffects", { effectsSet: ON });
  assert.deepEqual(await on, DONE);
  advance(100);
  const off = it.beauty(false);
  await settle();
  assert.deepEqual(it.sent("setEffects").at(-1), { streamId: "s", effects: { enabled: false } });
  await it.answer("setEffects", { effectsSet: OFF });
  assert.deepEqual(await off, DONE);
});

test("while startPublishingStream is under way it waits for that, then asks", async () => {
  const it = await Fixture.make();
  it.engine.startPublishingStream("s", it.stream);
  await settle();
  const on = it.beauty(true);
  await settle();
  assert.deepEqual(it.sent("setEffects"), []);
  await it.answer("publish", { answer: { sdp: "v=0" } });
  await it.answer("setEffects", { effectsSet: ON });
  assert.deepEqual(await on, DONE);
});

test("a publish that fails leaves the wish with the stream", async () => {
  const it = await Fixture.make();
  it.engine.startPublishingStream("s", it.stream);
  await settle();
  const on = it.beauty(true);
  await it.answer("publish", { failed: { code: 1003028, reason: "stream-exists" } });
  assert.deepEqual(await on, DONE);
  await it.publish("t");
  assert.deepEqual(it.sent("publish").at(-1)?.["effects"], { enabled: true, ...ALL_50 });
});

test("a dragged slider does not queue up: one request at a time, the newest values next, one outcome for all", async () => {
  const it = await Fixture.make();
  await it.publish();
  const results: unknown[] = [];
  for (let value = 0; value <= 100; value += 1) {
    void it.beauty(true, { smoothIntensity: value }).then((result) => results.push(result));
    await settle();
  }
  assert.equal((it.sent("setEffects")[0]?.["effects"] as StreamEffects).smoothIntensity, 0);
  await it.answer("setEffects", { effectsSet: ON });
  // Its turn comes when the rate allows it.
  advance(60);
  await settle();
  assert.equal(it.sent("setEffects").length, 1);
  advance(20);
  await settle();
  assert.equal(it.sent("setEffects").length, 2);
  assert.equal((it.sent("setEffects")[1]?.["effects"] as StreamEffects).smoothIntensity, 100);
  assert.deepEqual(results, []);
  await it.answer("setEffects", { effectsSet: NO_WORKER });
  assert.deepEqual(results, Array(101).fill(UNAVAILABLE));
});

test("a stream published under two names is changed under both", async () => {
  const it = await Fixture.make();
  await it.publish("s");
  await it.publish("t");
  const on = it.beauty(true);
  await settle();
  assert.deepEqual(
    it.sent("setEffects").map((each) => each["streamId"]),
    ["s", "t"],
  );
  const { last } = it.server;
  const asked = last.sent.filter((each: Sent) => "setEffects" in each);
  last.reply(asked[0] as Sent, { effectsSet: ON });
  last.reply(asked[1] as Sent, { effectsSet: NO_WORKER });
  assert.deepEqual(await on, UNAVAILABLE);
});

test("what is about an older wish is left aside, of a reply as of a notice", async () => {
  const it = await Fixture.make();
  await it.publish();
  const on = it.beauty(true);
  await settle();
  it.notice("s", { ...ON, version: 3 });
  await it.answer("setEffects", { effectsSet: { ...NO_WORKER, version: 2 } });
  assert.deepEqual(await on, UNAVAILABLE);
  it.notice("s", { ...NO_WORKER, version: 1 });
  assert.equal(it.errors.length, 0);
  it.notice("s", { ...NO_WORKER, version: 3 });
  it.notice("s", { ...ON, version: 2 });
  assert.deepEqual(
    it.errors.map(([, code]) => code),
    [1103075],
  );
  it.notice("s", ON);
  assert.deepEqual(
    it.errors.map(([, code]) => code),
    [1103075, 0],
  );
});

test("unavailable: the promise says so, the event once, and once more when it recovered", async () => {
  const it = await Fixture.make();
  await it.publish();
  const on = it.beauty(true);
  await settle();
  await it.answer("setEffects", { effectsSet: NO_WORKER });
  assert.deepEqual(await on, UNAVAILABLE);
  it.notice("s", NO_WORKER);
  const media = it.stream.stream;
  assert.deepEqual(it.errors, [[media, 1103075, "no-worker"]]);
  it.notice("s", ON);
  it.notice("s", ON);
  it.notice("other", NO_WORKER);
  assert.deepEqual(it.errors.slice(1), [[media, 0, "recovered"]]);
  it.notice("s", { ...NO_WORKER, problem: "too-slow" });
  assert.deepEqual(it.errors.slice(2), [[media, 1103075, "too-slow"]]);
});

test("the publisher sees what the others see: nothing of the effects while they are unavailable", async () => {
  const it = await Fixture.make();
  await it.beauty(true);
  const strengths = { smooth: 50, whiten: 50, rosy: 50, sharpen: 50 };
  assert.deepEqual(it.stream.beauty.shown, strengths);
  await it.publish();
  it.notice("s", NO_WORKER);
  assert.equal(it.stream.beauty.shown, null);
  it.notice("s", ON);
  assert.deepEqual(it.stream.beauty.shown, strengths);
  void it.beauty(true, { smoothIntensity: 0, whitenIntensity: 0, rosyIntensity: 0, sharpenIntensity: 0 });
  assert.equal(it.stream.beauty.shown, null);
});

test("turned off while unavailable: a late notice is no error any more", async () => {
  const it = await Fixture.make();
  await it.beauty(true);
  await it.publish();
  it.notice("s", NO_WORKER);
  void it.beauty(false);
  it.notice("s", { ...NO_WORKER, problem: "full" });
  it.notice("s", OFF);
  assert.equal(it.errors.length, 1);
});

test("the wish survives a lost media connection, also as it was changed meanwhile", async () => {
  const it = await Fixture.make();
  await it.beauty(true);
  await it.publish();
  FakePeerConnection.last?.fail();
  // Not publishing now: kept, and in place with the next publish.
  assert.deepEqual(await it.beauty(true, { smoothIntensity: 90 }), DONE);
  advance(10);
  await settle();
  assert.equal(it.sent("publish").length, 2);
  assert.equal((it.sent("publish")[1]?.["effects"] as StreamEffects).smoothIntensity, 90);
  await it.answer("publish", { answer: { sdp: "v=0" } });
  FakePeerConnection.last?.fail();
  await it.beauty(false);
  advance(1000);
  await settle();
  assert.deepEqual(it.sent("publish")[2]?.["effects"], { enabled: false });
});

test("a request that was under way when the log-in was renewed counts as kept", async () => {
  const it = await Fixture.make();
  await it.publish();
  const on = it.beauty(true);
  await settle();
  it.server.last.drop();
  advance(250);
  it.server.last.onopen?.();
  it.server.last.reply(it.server.last.find("resume"), { failed: { code: 1102001, reason: "session-gone" } });
  it.server.accept({ sessionId: "s2" });
  assert.deepEqual(await on, DONE);
  advance(10);
  await settle();
  assert.deepEqual(it.sent("publish").at(-1)?.["effects"], { enabled: true, ...ALL_50 });
});

test("published again after effects were unavailable: asked for once more, so that a recovery is heard", async () => {
  const it = await Fixture.make();
  await it.beauty(true);
  await it.publish();
  it.notice("s", NO_WORKER);
  FakePeerConnection.last?.fail();
  advance(10);
  await settle();
  await it.answer("publish", { answer: { sdp: "v=0" } });
  assert.equal(it.sent("setEffects").length, 1);
  await it.answer("setEffects", { effectsSet: ON });
  assert.deepEqual(it.errors.at(-1)?.slice(1), [0, "recovered"]);
});

test("a refusal of the server rejects with its code", async () => {
  const it = await Fixture.make();
  await it.publish();
  const on = it.beauty(true);
  await settle();
  const failed = { code: 1100001, reason: "effects-wrong", message: "No." };
  await Promise.all([assert.rejects(on, { errorCode: 1100001 }), it.answer("setEffects", { failed })]);
});

test("stopping to publish keeps beauty on, destroying the stream turns it off", async () => {
  const it = await Fixture.make();
  await it.beauty(true);
  await it.publish();
  it.engine.stopPublishingStream("s");
  await settle();
  await it.answer("unpublish", { done: {} });
  assert.notEqual(it.stream.beauty.shown, null);
  await it.publish("t");
  const published = it.sent("publish").at(-1);
  assert.deepEqual([published?.["streamId"], published?.["effects"]], ["t", { enabled: true, ...ALL_50 }]);
  it.engine.destroyStream(it.stream);
  assert.equal(it.stream.beauty.shown, null);
  await settle();
  assert.deepEqual(it.sent("setEffects"), [{ streamId: "t", effects: { enabled: false } }]);
  await assert.rejects(it.beauty(true), { errorCode: 1103044 });
});
