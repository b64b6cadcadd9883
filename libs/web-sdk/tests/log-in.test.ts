import assert from "node:assert/strict";
import { test } from "node:test";
import { LogIn } from "../src/signaling/log-in.js";

const LOGIN = {
  appId: 7,
  roomId: "room",
  token: "first",
  userId: "ann",
  userName: "Ann",
  userUpdate: true,
  maxMemberCount: 0,
};
const KEY = { sessionId: "s1", resumeKey: "k1" };
const bob = { userId: "bob" };
const carl = { userId: "carl" };

test("it is made once, then resumed from the highest sequence seen, and made again when it is over", () => {
  const it = new LogIn(LOGIN);
  assert.deepEqual(it.request(), { login: LOGIN });
  assert.equal(it.isHeld, false);
  assert.notEqual(it.begin(KEY, "10"), null);
  it.isNew({ sequence: "12" });
  it.isNew({ sequence: "11" });
  it.isNew({});
  assert.deepEqual(it.request(), { resume: { appId: 7, userId: "ann", ...KEY, lastSequence: "12" } });
  assert.deepEqual(it.farewell(), { appId: 7, userId: "ann", ...KEY });
  it.forget();
  assert.deepEqual([it.request(), it.farewell()], [{ login: LOGIN }, null]);
});

test("a newer token counts from the next log-in on", () => {
  const it = new LogIn(LOGIN);
  it.request();
  assert.equal(it.hasNewerToken, false);
  it.renewToken("second");
  assert.equal(it.hasNewerToken, true);
  assert.deepEqual(it.request(), { login: { ...LOGIN, token: "second" } });
  assert.equal(it.hasNewerToken, false);
});

test("what comes again after a loss is not new, and events of one sequence are told apart from that", () => {
  const it = new LogIn(LOGIN);
  it.begin(KEY, "10");
  assert.equal(it.isNew({ sequence: "11" }), true);
  it.markSeen();
  assert.deepEqual(
    [it.isNew({ sequence: "11" }), it.isNew({ sequence: "12" }), it.isNew({ sequence: "12" })],
    [false, true, true],
  );
  it.begin(KEY, "3");
  assert.equal(it.isNew({ sequence: "4" }), true);
});

test("it is complete with the last of its pages, and not held before", () => {
  const it = new LogIn(LOGIN);
  assert.equal(it.begin({ ...KEY, users: [bob], pagesToCome: 2 }, "10"), null);
  assert.equal(it.addPage({ messageReceived: {} }), undefined);
  assert.equal(it.addPage({ usersChanged: { users: [carl] } }), null);
  assert.equal(it.isHeld, false);
  const whole = it.addPage({ streamsChanged: { streams: [{ streamId: "one" }] } });
  assert.deepEqual([whole?.users, whole?.streams, it.isHeld], [[bob, carl], [{ streamId: "one" }], true]);
  assert.equal(it.addPage({ usersChanged: { users: [carl] } }), undefined);
});

test("pages that were on their way are lost with the connection", () => {
  const it = new LogIn(LOGIN);
  it.begin({ ...KEY, pagesToCome: 1 }, "10");
  it.connectionClosed();
  assert.equal(it.addPage({ usersChanged: { users: [bob] } }), undefined);
  assert.deepEqual(it.request(), { login: LOGIN });
});
