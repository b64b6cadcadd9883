import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { tokenExpiresAtUnixS } from "../src/room/token04.js";
import { EngineFixture } from "./engine-fixture.js";
import { FakeMediaStream, FakeTrack } from "./fake-media.js";
import { advance, settle } from "./fake-time.js";

const NOW_UNIX_S = 1_800_000_000;

/** A token's outer form; what it seals is no business of the page. */
function token(expiresAtUnixS: number, seed = 0, mode: number[] = [1]): string {
  const bytes = Buffer.alloc(8 + 2 + 12 + 2 + 20, seed);
  bytes.writeBigInt64BE(BigInt(expiresAtUnixS), 0);
  bytes.writeUInt16BE(12, 8);
  bytes.writeUInt16BE(20, 22);
  return `04${Buffer.concat([bytes, Buffer.from(mode)]).toString("base64")}`;
}

beforeEach(() => {
  Date.now = () => NOW_UNIX_S * 1000 + performance.now();
});

/** A log-in whose token ends then; nobody asks whether the server is still there. */
const inSeconds = (seconds: number): Record<string, unknown> => ({
  tokenExpiresAtUnixS: String(NOW_UNIX_S + seconds),
  heartbeatIntervalMs: 1e12,
});

const warnings = (it: EngineFixture): number => it.reported.filter(([name]) => name === "tokenWillExpire").length;

test("a token says in clear text when it ends, in both forms", () => {
  const gcm =
    "04AAAAAGlVxxAADAABAgMEBQYHCAkKCwB1VsfaDKlHu8iK5kCMQvvkMtEwOrcQngH4Ra7k3dwHlqbcx199LJc7Mv9K1T+/jvkKAMn+hWHd8OAScgN4KyktS5syVB0URiPbNBstP8NAOw4z5fBJdl3VyKLAJqbOIPIxzqo5qvBNKDwtR/4PobDYGPnKSCjZAQ==";
  assert.equal(tokenExpiresAtUnixS(gcm), 1767229200);
  assert.equal(tokenExpiresAtUnixS(token(NOW_UNIX_S, 0, [])), NOW_UNIX_S);
});

test("what does not have a token's form is refused", async () => {
  const good = token(NOW_UNIX_S + 60);
  for (const bad of ["", "04", "03" + good.slice(2), good.slice(0, 30), `${good.slice(0, -4)}`, "04!!!!", 7, null]) {
    assert.equal(tokenExpiresAtUnixS(bad), null, String(bad));
  }
  const it = new EngineFixture();
  assert.equal(it.engine.renewToken(good, "room"), false);
  await it.login();
  assert.equal(it.engine.renewToken("04AAAA", "room"), false);
  assert.equal(it.engine.renewToken(good, "another"), false);
  assert.equal(it.engine.renewToken(good, "room"), true);
  assert.equal(it.engine.renewToken(good), true);
});

test("the app is told once, 30 s before the end", async () => {
  const it = new EngineFixture();
  await it.login("04", inSeconds(45));
  advance(14_000);
  assert.equal(warnings(it), 0);
  advance(1_000);
  assert.equal(warnings(it), 1);
  advance(3_600_000);
  assert.deepEqual([warnings(it), it.reported.at(-1)], [1, ["tokenWillExpire", "room"]]);
});

test("it is told in time of a token that lives longer than timers can", async () => {
  const it = new EngineFixture();
  const days = 60 * 86_400;
  await it.login("04", inSeconds(days));
  advance((days - 31) * 1000);
  assert.equal(warnings(it), 0);
  advance(1_000);
  assert.equal(warnings(it), 1);
});

test("a token that ends in less than that is told of right after the log-in", async () => {
  const it = new EngineFixture();
  await it.login("04", inSeconds(10));
  assert.equal(warnings(it), 1);
});

test("a renewed token moves the warning, and a log-out ends it", async () => {
  const it = new EngineFixture();
  await it.login("04", inSeconds(60));
  it.engine.renewToken(token(NOW_UNIX_S + 600));
  advance(500_000);
  assert.equal(warnings(it), 0);
  advance(70_000);
  assert.equal(warnings(it), 1);
  it.engine.renewToken(token(NOW_UNIX_S + 6_000));
  it.engine.logoutRoom();
  advance(6_000_000);
  assert.equal(warnings(it), 1);
});

test("a log-in that is made anew uses the newest token", async () => {
  const it = new EngineFixture();
  await it.login("04first");
  const renewed = token(NOW_UNIX_S + 600);
  it.engine.renewToken(renewed);
  it.server.last.drop();
  advance(250);
  const socket = it.server.last;
  socket.onopen?.();
  socket.reply(socket.find("resume"), { failed: { code: 1102001, reason: "session-gone" } });
  it.server.last.onopen?.();
  assert.equal((it.server.last.find("login")["login"] as { token: string }).token, renewed);
});

async function publishing(it: EngineFixture): Promise<void> {
  const source = new FakeMediaStream([new FakeTrack("video")]) as unknown as MediaStream;
  const stream = await it.engine.createZegoStream({ custom: { video: { source } } });
  it.engine.startPublishingStream("s", stream);
  await settle();
}

const EXPIRED = { failed: { code: 1102018, reason: "token-expired" } };

test("publishing after the first token's end logs in with the renewed one and goes on", async () => {
  const it = new EngineFixture();
  await it.login("04first");
  const renewed = token(NOW_UNIX_S + 600);
  it.engine.renewToken(renewed);
  await publishing(it);
  await it.answer("publish", EXPIRED);
  advance(250);
  const socket = it.server.accept({ sessionId: "s2" });
  assert.equal((socket.find("login")["login"] as { token: string }).token, renewed);
  await settle();
  advance(1_000);
  await settle();
  await it.answered("publish");
  assert.deepEqual(it.reported.slice(0, 2), [
    ["PUBLISH_REQUESTING", 0],
    ["PUBLISH_REQUESTING", 1102018],
  ]);
  assert.deepEqual(it.reported.at(-1), ["PUBLISHING", 0]);
  assert.equal(
    it.reported.some(([state]) => state === "NO_PUBLISH"),
    false,
  );
});

test("a renewed token that is refused as well is the end of it", async () => {
  const it = new EngineFixture();
  await it.login("04first");
  it.engine.renewToken(token(NOW_UNIX_S + 600));
  await publishing(it);
  await it.answer("publish", EXPIRED);
  advance(250);
  it.server.accept({ sessionId: "s2" });
  await settle();
  advance(1_000);
  await settle();
  await it.answer("publish", EXPIRED);
  assert.deepEqual(it.reported.at(-1), ["NO_PUBLISH", 1102018]);
});

test("without a renewed token publishing fails as before", async () => {
  const it = new EngineFixture();
  await it.login("04first");
  await publishing(it);
  await it.answer("publish", EXPIRED);
  assert.deepEqual(it.reported.at(-1), ["NO_PUBLISH", 1102018]);
  assert.equal(it.server.sockets.length, 1);
});
