import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Attempts } from "../src/signaling/attempts.js";
import { advance, stopTime } from "./fake-time.js";

beforeEach(stopTime);

function attempts(urls = ["ws://one", "ws://two"]): Attempts {
  const made = new Attempts(urls, () => 60_000);
  made.begin();
  return made;
}

/** One that failed, at the server after which another one comes. */
function fail(it: Attempts): number | null {
  it.nextServer();
  return it.afterFailureMs("unreachable");
}

test("spare servers follow at once, and the pause when all were tried", () => {
  const it = attempts();
  assert.equal(it.url, "ws://one");
  assert.equal(fail(it), 0);
  assert.equal(it.url, "ws://two");
  assert.ok((fail(it) ?? 0) > 0);
  assert.equal(it.url, "ws://one");
});

test("a first log-in has 15 s, one that was lost as long as the app wants", () => {
  const first = attempts(["ws://one"]);
  advance(14_990);
  const lastMs = fail(first);
  assert.ok(lastMs !== null && lastMs <= 10);
  advance(10);
  assert.equal(fail(first), null);

  const again = attempts(["ws://one"]);
  again.succeeded();
  again.afterLossMs("unreachable");
  advance(59_000);
  assert.notEqual(fail(again), null);
  advance(1_000);
  assert.equal(fail(again), null);
});

test("a first socket and its log-in are waited for longer than what replaces them", () => {
  const it = attempts();
  assert.deepEqual([it.openTimeoutMs, it.handshakeTimeoutMs], [5_000, 10_000]);
  it.succeeded();
  assert.deepEqual([it.openTimeoutMs, it.handshakeTimeoutMs], [3_000, 4_000]);
});

test("a page that comes back has all of the time again", () => {
  const it = attempts(["ws://one"]);
  it.succeeded();
  it.afterLossMs("unreachable");
  advance(60_000);
  it.begin();
  assert.notEqual(fail(it), null);
});

test("only a connection that lasted is followed by a quick try", () => {
  const it = attempts(["ws://one"]);
  it.succeeded();
  assert.ok(it.afterLossMs("overloaded") >= 1_000);
  it.succeeded();
  advance(5_000);
  assert.ok(it.afterLossMs("unreachable") >= 1_000);
  it.succeeded();
  advance(5_001);
  assert.ok(it.afterLossMs("unreachable") <= 100);
});
