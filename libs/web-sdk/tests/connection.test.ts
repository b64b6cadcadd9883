import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Connection, type ConnectionListener } from "../src/signaling/connection.js";
import { Logger } from "../src/logger.js";
import { FakeServer } from "./fake-socket.js";
import { advance, settle, stopTime } from "./fake-time.js";

interface Recorder {
  events: string[];
  listener: ConnectionListener;
}

function recorder(): Recorder {
  const events: string[] = [];
  return {
    events,
    listener: {
      loggedIn: (loggedIn) => events.push(`logged-in ${loggedIn.sessionId}`),
      reconnecting: (code) => events.push(`reconnecting ${code}`),
      reconnected: (fresh) => events.push(fresh === null ? "resumed" : `fresh ${fresh.sessionId}`),
      message: (message) => events.push(`message ${message.messageReceived?.text}`),
      closed: (error) => events.push(`closed ${error.errorCode}`),
    },
  };
}

/** What pages have sent that outlives them: addresses and texts. */
const beacons: [string, unknown][] = [];

function connect(server: FakeServer, listener: ConnectionListener, urls = ["ws://one/ws"]): Connection {
  const logger = new Logger();
  logger.configure({ logLevel: "disable" });
  const connection = new Connection(
    {
      urls,
      login: {
        appId: 7,
        roomId: "room",
        token: "04",
        userId: "ann",
        userName: "Ann",
        userUpdate: true,
        maxMemberCount: 0,
      },
      retryTimeMs: () => 60_000,
      socketFactory: server.factory,
      sendBeacon: (url, text) => beacons.push([url, JSON.parse(text)]),
      logger,
    },
    listener,
  );
  connection.start();
  return connection;
}

const text = (sequence: string, words: string) => ({ sequence, messageReceived: { text: words } });

beforeEach(stopTime);
beforeEach(() => beacons.splice(0));

test("hello and log-in go out together, and nothing else before the reply", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  const connection = connect(server, listener);
  void connection.request({ sendMessage: { kind: "SIGNAL_MESSAGE_KIND_BARRAGE", text: "early", toUserIds: [] } });
  const socket = server.last;
  socket.onopen?.();
  assert.deepEqual(
    socket.sent.map((each) => Object.keys(each)[1]),
    ["hello", "login"],
  );
  server.accept();
  assert.deepEqual(events, ["logged-in s1"]);
  assert.equal(socket.find("sendMessage")["requestId"], socket.sent.at(-1)?.requestId);
  const ids = socket.sent.map((each) => each.requestId);
  assert.deepEqual(
    ids,
    [...ids].sort((left, right) => left - right),
  );
});

test("a refused log-in ends at once with the server's code", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.last.onopen?.();
  server.last.reply(server.last.find("login"), { failed: { code: 1102018, reason: "token-expired", message: "old" } });
  assert.deepEqual(events, ["closed 1102018"]);
  assert.equal(server.last.closed, true);
});

test("spare servers are tried in order without a pause, then from the start with one, until the time is up", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener, ["ws://one/ws", "ws://two/ws"]);
  server.last.drop();
  advance(0);
  assert.deepEqual(server.urls, ["ws://one/ws", "ws://two/ws"]);
  server.last.drop();
  advance(0);
  assert.equal(server.urls.length, 2);
  advance(500);
  assert.equal(server.urls[2], "ws://one/ws");
  for (let turn = 0; turn < 40 && events.length === 0; turn += 1) {
    server.last.drop();
    advance(5_000);
  }
  assert.deepEqual(events, ["closed 1002031"]);
});

test("a lost socket is resumed from the last sequence; what was seen is not told twice, lost replies are asked for again", async () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  const connection = connect(server, listener);
  const first = server.accept();
  first.push(text("11", "a"));
  const said = connection.request({
    sendMessage: { kind: "SIGNAL_MESSAGE_KIND_BROADCAST", text: "mine", toUserIds: [] },
  });
  const request = first.find("sendMessage");
  first.drop();
  assert.deepEqual(events.slice(1), ["message a", "reconnecting 1000017"]);
  advance(250);
  const second = server.last;
  assert.notEqual(second, first);
  second.onopen?.();
  assert.equal((second.find("resume")["resume"] as { lastSequence: string }).lastSequence, "11");
  assert.equal(second.has("sendMessage"), false);
  second.reply(second.find("resume"), { resumed: {} });
  second.push(text("11", "a"));
  second.push(text("12", "b"));
  second.push(text("12", "b's twin of the same event"));
  assert.deepEqual(events.slice(3), ["resumed", "message b", "message b's twin of the same event"]);
  const again = second.find("sendMessage");
  assert.equal(again.requestId, request.requestId);
  // By this the server can tell, at whatever instance, that it is one message.
  assert.equal((again["sendMessage"] as { messageNumber: number }).messageNumber, request.requestId);
  assert.deepEqual(again, request);
  second.reply(again, { messageAccepted: { messageId: "13" } });
  assert.equal((await said).messageAccepted?.messageId, "13");
});

test("a session that is gone is replaced by a new log-in with the same token", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.accept().drop();
  advance(250);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), { failed: { code: 1102001, reason: "session-gone" } });
  const third = server.last;
  third.onopen?.();
  assert.equal(third.has("resume"), false);
  third.reply(third.find("login"), { loggedIn: { sessionId: "s2", resumeKey: "k2" } });
  assert.deepEqual(events, ["logged-in s1", "reconnecting 1000017", "fresh s2"]);
});

test("one who logged in elsewhere meanwhile is not brought back", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.accept().drop();
  advance(250);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), { failed: { code: 1002086, reason: "logged-in-elsewhere" } });
  assert.deepEqual(events.at(-1), "closed 1002086");
});

test("reconnecting ends with 1002053 when its time is over", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.accept().drop();
  for (let turn = 0; turn < 100 && events.at(-1) !== "closed 1002053"; turn += 1) {
    advance(5_000);
    if (events.at(-1) !== "closed 1002053") server.last.drop();
  }
  assert.deepEqual(events.at(-1), "closed 1002053");
});

test("goAway moves to another socket without a word", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.accept().push({ goAway: {} });
  advance(250);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), { resumed: {} });
  assert.deepEqual(events, ["logged-in s1", "resumed"]);
});

test("goAway of the last instance is told as a lost connection", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.accept().push({ goAway: {} });
  advance(250);
  server.last.drop();
  assert.deepEqual(events, ["logged-in s1", "reconnecting 1000017"]);
});

test("an unanswered heartbeat means a dead socket", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  const socket = server.accept({ heartbeatIntervalMs: 20_000 });
  advance(20_000);
  socket.reply(socket.find("heartbeat"), { done: {} });
  advance(19_999);
  assert.deepEqual(events, ["logged-in s1"]);
  advance(1);
  advance(5_000);
  assert.deepEqual(events, ["logged-in s1", "reconnecting 1000017"]);
});

test("a request without a reply fails by itself", async () => {
  const server = new FakeServer();
  const { listener } = recorder();
  const connection = connect(server, listener);
  server.accept();
  const answer = connection.request({ unpublish: { streamId: "s" } }).catch((error: { errorCode: number }) => error);
  advance(10_000);
  assert.equal(((await answer) as { errorCode: number }).errorCode, 1100002);
});

test("being logged out by the server ends it; an expired lease does not", async () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  connect(server, listener);
  server.accept().push({ loggedOut: { code: 1102001, reason: "lease-expired" } });
  assert.equal(events.at(-1), "reconnecting 1102001");
  advance(250);
  server.accept({ sessionId: "s2" });
  assert.equal(events.at(-1), "fresh s2");
  server.last.push({ loggedOut: { code: 1002050, reason: "logged-in-elsewhere" } });
  assert.equal(events.at(-1), "closed 1002050");
  await settle();
  assert.equal(server.sockets.length, 2);
});

test("left while the log-in is under way, the log-out follows it at once", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  const connection = connect(server, listener);
  const socket = server.last;
  socket.onopen?.();
  connection.logout();
  assert.deepEqual(
    socket.sent.map((each) => Object.keys(each)[1]),
    ["hello", "login", "logout"],
  );
  assert.equal(socket.closed, false);
  assert.deepEqual(events, []);
  advance(1_000);
  assert.equal(socket.closed, true);
});

test("left before the socket was open, nothing is sent", () => {
  const server = new FakeServer();
  const { listener } = recorder();
  const connection = connect(server, listener);
  connection.logout();
  assert.equal(server.last.closed, true);
  assert.deepEqual(server.last.sent, []);
});

test("a page that goes away says good-bye; one that comes back logs in anew", async () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  const connection = connect(server, listener);
  const socket = server.accept();
  connection.sleep();
  assert.deepEqual(Object.keys(socket.sent.at(-1) ?? {}), ["requestId", "logout"]);
  connection.sleep();
  advance(1_000);
  assert.equal(socket.closed, true);
  const asked = connection.request({
    sendMessage: { kind: "SIGNAL_MESSAGE_KIND_BARRAGE", text: "late", toUserIds: [] },
  });
  await settle();
  assert.deepEqual([events, server.sockets.length], [["logged-in s1"], 1]);
  connection.wake();
  const second = server.accept({ sessionId: "s2" });
  assert.deepEqual(events, ["logged-in s1", "reconnecting 1000017", "fresh s2"]);
  const sent = second.find("sendMessage");
  second.reply(sent, { messageAccepted: { messageId: "1" } });
  assert.equal((await asked).messageAccepted?.messageId, "1");
  connection.wake();
  assert.equal(server.sockets.length, 2);
});

const FAREWELL = { appId: 7, userId: "ann", sessionId: "s1", resumeKey: "k1" };

test("a page whose socket the browser closes first says good-bye all the same", () => {
  for (const [urls, address] of [
    [["ws://one/ws"], "http://one/ws"],
    [["wss://one/below/ws?x=1"], "https://one/below/ws?x=1"],
  ] as const) {
    for (const closes of [true, false]) {
      beacons.splice(0);
      const server = new FakeServer();
      const { listener } = recorder();
      const connection = connect(server, listener, [...urls]);
      const socket = server.accept();
      const sent = socket.sent.length;
      socket.readyState = 3;
      if (closes) socket.drop(1001);
      connection.sleep();
      connection.sleep();
      assert.deepEqual(beacons, [[address, FAREWELL]]);
      assert.equal(socket.sent.length, sent);
      advance(60_000);
      assert.equal(server.sockets.length, 1);
      connection.wake();
      server.accept({ sessionId: "s2" });
      assert.equal(beacons.length, 1);
    }
  }
});

test("a page that goes away while its new socket opens says good-bye without it", () => {
  const server = new FakeServer();
  const { listener } = recorder();
  const connection = connect(server, listener);
  server.accept().drop(1006);
  advance(2_000);
  assert.equal(server.sockets.length, 2);
  server.last.readyState = 0;
  connection.sleep();
  assert.deepEqual(beacons, [["http://one/ws", FAREWELL]]);
  assert.equal(server.last.closed, true);
});

test("a page with an open socket, and one that was never in, send nothing beside it", () => {
  const server = new FakeServer();
  const connection = connect(server, recorder().listener);
  server.accept();
  connection.sleep();
  const other = new FakeServer();
  const never = connect(other, recorder().listener);
  other.last.readyState = 3;
  never.sleep();
  assert.deepEqual(beacons, []);
});

test("a page that goes away and comes back during its log-in logs in after all", () => {
  const server = new FakeServer();
  const { events, listener } = recorder();
  const connection = connect(server, listener);
  server.last.onopen?.();
  connection.sleep();
  assert.deepEqual(Object.keys(server.last.sent.at(-1) ?? {}), ["requestId", "logout"]);
  connection.wake();
  server.accept();
  assert.deepEqual(events, ["logged-in s1"]);
});
