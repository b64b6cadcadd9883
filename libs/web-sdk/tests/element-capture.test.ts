import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { narrowTo } from "../src/capture/element-capture.js";
import { FakeMediaStream, FakeTrack, installFakeMedia } from "./fake-media.js";
import { advance, settle, stopTime } from "./fake-time.js";

type Way = "restrict" | "crop";

/** A captured tab: what was asked of it, and by which ways it gives a picture of the element. */
class Tab extends FakeTrack {
  readonly asked: string[] = [];
  current: Way | null = null;

  constructor(readonly gives: readonly Way[]) {
    super("video");
  }

  restrictTo(target: unknown): Promise<void> {
    this.asked.push(target === null ? "restrict off" : "restrict");
    this.current = target === null ? null : "restrict";
    return Promise.resolve();
  }

  cropTo(): Promise<void> {
    this.asked.push("crop");
    this.current = "crop";
    return Promise.resolve();
  }
}

class FakeVideo {
  muted = false;
  onloadeddata: (() => void) | null = null;

  set srcObject(stream: FakeMediaStream | null) {
    const tab = stream?.getVideoTracks()[0] as Tab | undefined;
    if (tab?.current && tab.gives.includes(tab.current)) queueMicrotask(() => this.onloadeddata?.());
  }

  play(): Promise<void> {
    return Promise.reject(new Error("NotAllowedError"));
  }
}

function page(isolation: string): void {
  const target = { fromElement: () => Promise.resolve({}) };
  Object.assign(globalThis, {
    CropTarget: target,
    RestrictionTarget: target,
    getComputedStyle: () => ({ isolation, transformStyle: "flat" }),
    document: { createElement: () => new FakeVideo() },
  });
}

beforeEach(() => {
  stopTime();
  installFakeMedia();
  page("auto");
});

/** 0, or the code it was refused with. */
async function narrow(tab: FakeTrack): Promise<number> {
  const stream = new FakeMediaStream([tab, new FakeTrack("audio")]);
  const done = narrowTo(stream as unknown as MediaStream, {} as HTMLElement).then(
    () => 0,
    (error: { errorCode: number }) => error.errorCode,
  );
  for (let turn = 0; turn < 3; turn += 1) {
    await settle();
    advance(5_000);
  }
  const code = await done;
  const ended = stream.getTracks().map(({ readyState }) => readyState === "ended");
  assert.deepEqual(ended, code === 0 ? [false, false] : [true, true], "nothing goes on capturing after a refusal");
  return code;
}

test("an element as it is gets region capture", async () => {
  const tab = new Tab(["crop"]);
  assert.deepEqual([await narrow(tab), tab.asked], [0, ["crop"]]);
});

test("an isolated element gets element capture", async () => {
  page("isolate");
  const tab = new Tab(["restrict", "crop"]);
  assert.deepEqual([await narrow(tab), tab.asked], [0, ["restrict"]]);
});

test("an element that only looks isolated gets region capture after all", async () => {
  page("isolate");
  const tab = new Tab(["crop"]);
  assert.deepEqual([await narrow(tab), tab.asked], [0, ["restrict", "restrict off", "crop"]]);
});

test("an element that gives no picture is refused", async () => {
  assert.equal(await narrow(new Tab([])), 1103010);
  page("isolate");
  assert.equal(await narrow(new Tab([])), 1103010);
});

test("what is not this tab, or a browser that cannot, is refused", async () => {
  assert.equal(await narrow(new FakeTrack("video")), 1103043);
  Object.assign(globalThis, { CropTarget: undefined });
  assert.equal(await narrow(new Tab(["crop"])), 1103043);
});

test("an element of another page is refused", async () => {
  Object.assign(globalThis, { CropTarget: { fromElement: () => Promise.reject(new Error("no")) } });
  assert.equal(await narrow(new Tab(["crop"])), 1103010);
});
