import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { PeerLost, RequestFailed, ZegoError } from "../src/errors.js";
import { FLOW_ALLOWED, MediaFlow, type FlowState } from "../src/media/flow.js";
import type { Negotiation, Peer } from "../src/media/peer.js";
import { ROOM_ALLOWED } from "../src/room/room-state.js";
import { StateMachine } from "../src/state-machine.js";
import type { Offer, Reply } from "../src/signaling/messages.js";
import { advance, settle, stopTime } from "./fake-time.js";

class FakePeer {
  lost = false;
  private queue: Promise<void> = Promise.resolve();

  negotiate({ prepare, sendOffer }: Negotiation): Promise<void> {
    const run = this.queue.then(async () => {
      if (!(await prepare(this as unknown as Peer))) return;
      await sendOffer({ peerConnectionId: "p", sdp: "offer", tracks: [] });
    });
    this.queue = run.catch(() => undefined);
    return run;
  }

  connected(): Promise<void> {
    return this.lost ? Promise.reject(new PeerLost(1103028, "lost")) : Promise.resolve();
  }

  deactivate(): void {}
}

class TestFlow extends MediaFlow {
  readonly reported: string[] = [];
  readonly calls: string[] = [];
  replies: (Error | null)[] = [];

  constructor(private readonly fakes: { peer: FakePeer }) {
    super(
      "stream",
      {
        peer: () => fakes.peer as unknown as Peer,
        request: () => Promise.resolve({}),
        retryTimeMs: () => 60_000,
      },
      "sendonly",
      () => new ZegoError(1103051, "too late"),
    );
  }

  lose(): void {
    const old = this.fakes.peer;
    old.lost = true;
    this.fakes.peer = new FakePeer();
    this.peerLost(old as unknown as Peer, new PeerLost(1103050, "lost"));
  }

  protected override prepareSlots(): Promise<void> {
    return Promise.resolve();
  }

  protected override announce(): Promise<Reply> {
    this.calls.push("announce");
    const failure = this.replies.shift() ?? null;
    return failure === null ? Promise.resolve({ answer: { sdp: "" } }) : Promise.reject(failure);
  }

  protected override withdraw(offer: Offer | undefined): Promise<Reply> {
    this.calls.push(offer === undefined ? "withdraw without offer" : "withdraw");
    return Promise.resolve({ done: {} });
  }

  protected override answered(): void {}

  protected override releaseSlot(): Promise<void> {
    return Promise.resolve();
  }

  protected override isFinal(error: RequestFailed): boolean {
    return !error.retryable;
  }

  protected override report(state: FlowState, error: ZegoError | null): void {
    this.reported.push(error === null ? state : `${state} ${error.errorCode}`);
  }
}

const refused = (code: number, retryable: boolean): RequestFailed => new RequestFailed(code, "no", "reason", retryable);

beforeEach(stopTime);

test("announces once and is active when media can flow", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.start();
  await settle();
  assert.deepEqual(flow.reported, ["NEGOTIATING", "ACTIVE"]);
  flow.stop();
  await settle();
  assert.deepEqual(flow.reported.slice(2), ["ENDED"]);
  assert.deepEqual(flow.calls, ["announce", "withdraw"]);
});

test("a final refusal ends it without a withdrawal", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.replies = [refused(1003028, false)];
  flow.start();
  await settle();
  assert.deepEqual(flow.reported, ["NEGOTIATING", "ENDED 1003028"]);
  assert.deepEqual(flow.calls, ["announce"]);
});

test("a passing refusal is tried again, with growing pauses, until the time is over", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.replies = Array.from({ length: 100 }, () => refused(1103020, true));
  flow.start();
  for (let turn = 0; turn < 40 && flow.state !== "ENDED"; turn += 1) {
    await settle();
    advance(5_000);
  }
  assert.equal(flow.reported.at(-1), "ENDED 1103051");
  assert.equal(flow.reported[1], "WAITING 1103020");
  assert.ok(flow.calls.length > 10 && flow.calls.length < 20, String(flow.calls.length));
});

test("a rate-limited offer is not repeated for seconds", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.replies = [1, 2].map(() => new RequestFailed(1109001, "no", "rate-limited", true));
  flow.start();
  for (const quietMs of [900, 1_900]) {
    await settle();
    const before = flow.calls.length;
    advance(quietMs);
    await settle();
    assert.equal(flow.calls.length, before);
    advance(quietMs + 200);
    await settle();
  }
  assert.equal(flow.reported.at(-1), "ACTIVE");
});

test("a lost peer connection is replaced at once", async () => {
  const fakes = { peer: new FakePeer() };
  const flow = new TestFlow(fakes);
  flow.start();
  await settle();
  flow.lose();
  assert.equal(flow.reported.at(-1), "WAITING 1103050");
  advance(0);
  await settle();
  assert.deepEqual(flow.reported.slice(-2), ["NEGOTIATING", "ACTIVE"]);
});

test("a patient interruption waits to be woken", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.start();
  await settle();
  flow.interrupt(new ZegoError(1004020, "gone"), true);
  advance(30_000);
  await settle();
  assert.equal(flow.state, "WAITING");
  flow.wake();
  await settle();
  assert.equal(flow.state, "ACTIVE");
});

test("stopped before its turn: never announced", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.start();
  flow.stop();
  await settle();
  assert.deepEqual(flow.calls, []);
});

test("stopped while announcing: withdrawn afterwards", async () => {
  const peer = new FakePeer();
  const flow = new TestFlow({ peer });
  flow.start();
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(flow.calls, ["announce"]);
  flow.stop();
  await settle();
  assert.deepEqual(flow.calls, ["announce", "withdraw"]);
});

test("stopped after its media connection was lost: withdrawn without an offer", async () => {
  const flow = new TestFlow({ peer: new FakePeer() });
  flow.start();
  await settle();
  flow.lose();
  flow.stop();
  await settle();
  assert.deepEqual(flow.calls, ["announce", "withdraw without offer"]);
});

test("the tables: ends are ends, and what is not in them cannot happen", () => {
  assert.deepEqual(FLOW_ALLOWED.ENDED, []);
  for (const end of ["LOGIN_FAILED", "RECONNECT_FAILED", "KICKOUT", "LOGOUT"] as const) {
    assert.deepEqual(ROOM_ALLOWED[end], []);
  }
  const machine = new StateMachine<FlowState>("IDLE", FLOW_ALLOWED, "stream");
  assert.throws(() => machine.become("ACTIVE"), /IDLE -> ACTIVE/);
});
