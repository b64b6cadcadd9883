import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../src/emitter.js";

interface Events {
  tick: (value: number) => void;
}

test("handlers run in the order of registration; off takes one or all", () => {
  const emitter = new Emitter<Events & Record<string, (...args: never[]) => void>>();
  const reported: string[] = [];
  const first = (value: number): number => reported.push(`first ${value}`);
  assert.equal(emitter.on("tick", first), true);
  emitter.on("tick", (value) => reported.push(`second ${value}`));
  emitter.emit("tick", 1);
  assert.deepEqual(reported, ["first 1", "second 1"]);
  assert.equal(emitter.off("tick", first), true);
  assert.equal(emitter.off("tick", first), false);
  emitter.emit("tick", 2);
  assert.deepEqual(reported.slice(2), ["second 2"]);
  assert.equal(emitter.off("tick"), true);
  emitter.emit("tick", 3);
  assert.equal(reported.length, 3);
});

test("a handler that throws fails alone, and is reported", async () => {
  const emitter = new Emitter<Events & Record<string, (...args: never[]) => void>>();
  const reported: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => reported.push(error.message));
  let reached = false;
  emitter.on("tick", () => {
    throw new Error("app");
  });
  emitter.on("tick", () => {
    reached = true;
  });
  emitter.emit("tick", 1);
  assert.equal(reached, true);
  await new Promise((resolve) => setImmediate(resolve));
  for (const listener of before) process.on("uncaughtException", listener);
  assert.deepEqual(reported, ["app"]);
});

test("a handler taken off or added while events run counts from the next one", () => {
  const emitter = new Emitter<Events & Record<string, (...args: never[]) => void>>();
  let late = 0;
  emitter.on("tick", () => emitter.on("tick", () => (late += 1)));
  emitter.emit("tick", 1);
  assert.equal(late, 0);
  emitter.emit("tick", 2);
  assert.equal(late, 1);
});
