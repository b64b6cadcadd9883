import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Connection, type ConnectionListener } from "../src/signaling/connection.js";
import { Logger } from "../src/logger.js";
import { ReconnectSchedule, type Trouble } from "../src/signaling/reconnect-schedule.js";
import { FakeServer } from "./fake-socket.js";
import { advance, stopTime } from "./fake-time.js";

const SLOWEST = 0.999_999;

/** What each try waits for when nobody is there, each try failing at once, until the time is over. */
function pauses(schedule: ReconnectSchedule, trouble: Trouble, untilMs: number): number[] {
  const found: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += found.at(-1) ?? 0) found.push(schedule.nextMs(trouble, nowMs));
  return found;
}

for (const [name, share] of [
  ["lowest", 0],
  ["middle", 0.5],
  ["highest", SLOWEST],
] as const) {
  test(`the first try follows at once, whatever the dice say: ${name}`, () => {
    const first = new ReconnectSchedule(() => share).nextMs("unreachable", 0);
    assert.ok(first >= 1 && first <= 100, String(first));
  });
}

test("the first tries of many clients are spread over a tenth of a second", () => {
  const drawn = Array.from({ length: 1_000 }, (_, client) =>
    new ReconnectSchedule(() => client / 1_000).nextMs("unreachable", 0),
  );
  const perMs = drawn.map((ms) => drawn.filter((other) => other === ms).length);
  assert.ok(Math.max(...perMs) <= 20, String(Math.max(...perMs)));
});

test("for the first seconds no pause is longer than 400 ms, later none is more than a quarter of the time so far or 5 s", () => {
  const found = pauses(new ReconnectSchedule(() => SLOWEST), "unreachable", 90_000);
  assert.deepEqual(
    found.slice(0, 4),
    [100, 200, 300, 400].map((ms) => ms - 1),
  );
  let elapsedMs = 0;
  for (const ms of found) {
    assert.ok(ms <= Math.max(400, elapsedMs / 4) && ms <= 5_000, `${ms} after ${elapsedMs}`);
    elapsedMs += ms;
  }
  assert.equal(found.at(-1), 4_999);
});

test("a client whose dice are the quickest tries not even twice as often", () => {
  const quickest = pauses(new ReconnectSchedule(() => 0), "unreachable", 60_000).length;
  const slowest = pauses(new ReconnectSchedule(() => SLOWEST), "unreachable", 60_000).length;
  assert.ok(slowest > 15 && quickest < 2 * slowest + 4, `${quickest}, ${slowest}`);
});

test("in the first three seconds not so many are tried in vain that a browser would hold them back", () => {
  for (const share of [0, 0.5, SLOWEST]) {
    const tries = pauses(new ReconnectSchedule(() => share), "unreachable", 3_000).length;
    assert.ok(tries >= 7 && tries <= 16, `${tries} with ${share}`);
  }
});

test("a server that has too much is left alone for seconds, and stays so when it cannot be reached in between", () => {
  const schedule = new ReconnectSchedule(() => 0);
  const found = (["overloaded", "overloaded", "unreachable", "refused", "overloaded"] as const).map((trouble) =>
    schedule.nextMs(trouble, 0),
  );
  assert.deepEqual(found, [1_000, 2_000, 4_000, 5_000, 5_000]);
});

test("a server that refuses is asked with growing pauses from the start", () => {
  const schedule = new ReconnectSchedule(() => SLOWEST);
  assert.deepEqual(pauses(schedule, "refused", 8_000), [250, 500, 1_000, 2_000, 4_000, 5_000]);
});

test("each try that nobody answers is waited for longer than the one before, up to the usual time", () => {
  const schedule = new ReconnectSchedule();
  const found = Array.from({ length: 4 }, () => {
    const waits = [schedule.openTimeoutMs, schedule.handshakeTimeoutMs];
    schedule.nextMs("unanswered", 0);
    return waits;
  });
  assert.deepEqual(found, [
    [3_000, 4_000],
    [5_000, 8_000],
    [5_000, 10_000],
    [5_000, 10_000],
  ]);
});

test("after a reset everything begins anew", () => {
  const schedule = new ReconnectSchedule(() => SLOWEST);
  schedule.nextMs("overloaded", 0);
  schedule.nextMs("unanswered", 9_000);
  schedule.reset();
  assert.equal(schedule.nextMs("unreachable", 100_000), 99);
  assert.deepEqual([schedule.openTimeoutMs, schedule.handshakeTimeoutMs], [3_000, 4_000]);
});

// ---- a connection keeps to it ----

function connected(server: FakeServer, urls = ["ws://one/ws"]): string[] {
  const events: string[] = [];
  const listener: ConnectionListener = {
    loggedIn: () => events.push("logged-in"),
    reconnecting: () => events.push("reconnecting"),
    reconnected: () => events.push("reconnected"),
    message: () => undefined,
    closed: (error) => events.push(`closed ${error.errorCode}`),
  };
  const logger = new Logger();
  logger.configure({ logLevel: "disable" });
  const login = {
    appId: 7,
    roomId: "r",
    token: "04",
    userId: "ann",
    userName: "",
    userUpdate: true,
    maxMemberCount: 0,
  };
  const sendBeacon = (): void => undefined;
  const options = { urls, login, retryTimeMs: () => 60_000, socketFactory: server.factory, sendBeacon, logger };
  new Connection(options, listener).start();
  server.accept();
  return events;
}

/** The newest socket, if another one was opened within the time. */
function another(server: FakeServer, withinMs: number): boolean {
  const before = server.sockets.length;
  advance(withinMs);
  return server.sockets.length > before;
}

beforeEach(() => {
  stopTime();
  Object.assign(Math, { random: () => SLOWEST });
});

test("a lost connection is resumed within a tenth of a second", () => {
  const server = new FakeServer();
  const events = connected(server);
  server.last.drop();
  assert.equal(another(server, 100), true);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), { resumed: {} });
  assert.deepEqual(events, ["logged-in", "reconnecting", "reconnected"]);
});

test("while an instance is started again it is tried more than twice a second", () => {
  const server = new FakeServer();
  connected(server);
  server.last.drop();
  for (let elapsedMs = 0; elapsedMs < 1_600; elapsedMs += 400) {
    assert.equal(another(server, 400), true, `after ${elapsedMs} ms`);
    server.last.drop();
  }
});

for (const code of [4429, 1013]) {
  test(`closed with ${code}, it waits for seconds`, () => {
    const server = new FakeServer();
    connected(server);
    server.last.drop();
    another(server, 100);
    server.last.onopen?.();
    server.last.drop(code);
    assert.equal(another(server, 1_900), false);
    assert.equal(another(server, 100), true);
    server.last.drop(code);
    assert.equal(another(server, 3_900), false);
  });
}

test("a resume that is rate-limited is not repeated for seconds, at a spare server it is at once", () => {
  const server = new FakeServer();
  connected(server, ["ws://one/ws", "ws://two/ws"]);
  server.last.drop();
  another(server, 100);
  const limited = { failed: { code: 1109001, reason: "rate-limited", retryable: true } };
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), limited);
  assert.equal(another(server, 1_900), false);
  another(server, 100);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), limited);
  assert.equal(another(server, 0), true);
  assert.deepEqual(server.urls, ["ws://one/ws", "ws://two/ws", "ws://one/ws", "ws://two/ws"]);
});

test("an instance that accepts and does not answer is given up after 4 s, one that does not open after 3 s", () => {
  const server = new FakeServer();
  connected(server);
  server.last.drop();
  another(server, 100);
  server.last.onopen?.();
  assert.equal(another(server, 3_999), false);
  assert.equal(another(server, 1_100), true);

  const silent = new FakeServer();
  connected(silent);
  silent.last.drop();
  another(silent, 100);
  assert.equal(another(silent, 2_999), false);
  assert.equal(another(silent, 800), true);
});

test("an instance that lets in and drops again and again is tried ever less often", () => {
  const server = new FakeServer();
  connected(server);
  advance(5_001);
  const gapsMs: number[] = [];
  for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += gapsMs.at(-1) ?? 0) {
    server.last.drop();
    let gapMs = 1;
    while (!another(server, 1)) gapMs += 1;
    server.last.onopen?.();
    server.last.reply(server.last.find("resume"), { resumed: {} });
    gapsMs.push(gapMs);
  }
  assert.deepEqual(
    gapsMs,
    [...gapsMs].sort((left, right) => left - right),
  );
  assert.ok((gapsMs[0] ?? 0) <= 100 && (gapsMs.at(-1) ?? 0) >= 4_900, String(gapsMs));
});

test("after a connection that lasted, a lost one is tried at once again", () => {
  const server = new FakeServer();
  connected(server);
  server.last.drop(4429);
  another(server, 2_000);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), { resumed: {} });
  advance(5_001);
  server.last.drop();
  assert.equal(another(server, 100), true);
});

for (const code of [1002050, 1002055, 1002056, 1002086]) {
  test(`logged out with ${code}, it does not come back`, () => {
    const server = new FakeServer();
    const events = connected(server);
    server.last.push({ loggedOut: { code } });
    server.last.drop(4002);
    advance(600_000);
    assert.deepEqual([events.at(-1), server.sockets.length], [`closed ${code}`, 1]);
  });
}
