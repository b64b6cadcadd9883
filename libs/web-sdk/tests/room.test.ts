import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Emitter } from "../src/emitter.js";
import type { ZegoEventHandlers } from "../src/entities/index.js";
import { Logger } from "../src/logger.js";
import { Room } from "../src/room/room.js";
import type { ServerMessage, StreamsChanged } from "../src/signaling/messages.js";
import { FakeServer, type FakeSocket } from "./fake-socket.js";
import { advance, settle, stopTime } from "./fake-time.js";

interface Fixture {
  room: Room;
  server: FakeServer;
  reported: unknown[][];
  ended: () => boolean;
}

function fixture(userUpdate = true): Fixture {
  const events = new Emitter<ZegoEventHandlers>();
  const reported: unknown[][] = [];
  const names = [
    "roomStateChanged",
    "roomUserUpdate",
    "roomStreamUpdate",
    "IMRecvBroadcastMessage",
    "IMRecvBarrageMessage",
    "IMRecvCustomCommand",
  ] as const;
  for (const name of names) events.on(name, ((...args: unknown[]) => reported.push([name, ...args])) as never);
  const logger = new Logger();
  logger.configure({ logLevel: "disable" });
  const server = new FakeServer();
  let ended = false;
  const room = new Room({
    urls: ["ws://one/ws"],
    login: { appId: 7, roomId: "room", token: "04", userId: "ann", userName: "Ann", userUpdate, maxMemberCount: 0 },
    settings: { roomRetryTimeMs: 60_000, avRetryTimeMs: 60_000 },
    events,
    logger,
    socketFactory: server.factory,
    sendBeacon: () => undefined,
    ended: () => {
      ended = true;
    },
    unplayed: () => undefined,
  });
  return { room, server, reported, ended: () => ended };
}

const bob = { userId: "bob", userName: "Bob" };
const ofBob = (streamId: string) => ({ streamId, user: bob, extraInfo: "x", kinds: ["video"] });

function streams(socket: FakeSocket, sequence: string, change: StreamsChanged): void {
  socket.push({ sequence, streamsChanged: change } as ServerMessage);
}

beforeEach(stopTime);

test("a newcomer's promise resolves before what is there is told: users, then streams", async () => {
  const { room, server, reported } = fixture();
  const order: unknown[] = [];
  const login = room.login().then(() => order.push(...reported.map((each) => each[0]), "promise"));
  const socket = server.accept({ roomSessionId: "rs", users: [bob], streams: [ofBob("s1")] });
  // Already on its way when the log-in's reply is handled.
  streams(socket, "11", { updateType: "UPDATE_TYPE_ADD", streams: [ofBob("s2")] });
  await login;
  assert.deepEqual(order, ["roomStateChanged", "roomStateChanged", "promise"]);
  await settle();
  assert.deepEqual(reported[0], ["roomStateChanged", "room", "LOGINING", 0, "{}"]);
  assert.deepEqual(reported[1], ["roomStateChanged", "room", "LOGINED", 0, '{"room_session_id":"rs"}']);
  assert.deepEqual(reported[2], ["roomUserUpdate", "room", "ADD", [{ userID: "bob", userName: "Bob" }]]);
  const urls = { urlsFLV: "", urlsRTMP: "", urlsHLS: "", urlsHttpsFLV: "", urlsHttpsHLS: "" };
  const item = { user: { userID: "bob", userName: "Bob" }, extraInfo: "x", ...urls };
  assert.deepEqual(reported[3], ["roomStreamUpdate", "room", "ADD", [{ streamID: "s1", ...item }], "{}"]);
  assert.deepEqual(reported[4], ["roomStreamUpdate", "room", "ADD", [{ streamID: "s2", ...item }], "{}"]);
});

test("a stream that goes is told with the reason, in the text apps parse", async () => {
  const { room, server, reported } = fixture();
  void room.login();
  const socket = server.accept({ streams: [ofBob("s1")] });
  await settle();
  const gone = { streamId: "s1", user: bob };
  streams(socket, "11", { updateType: "UPDATE_TYPE_DELETE", streams: [gone], deleteReasons: [6] });
  const last = reported.at(-1) ?? [];
  assert.equal(last[2], "DELETE");
  assert.deepEqual(JSON.parse(String(last[4])), {
    stream_delete_reason: [{ stream_id: "s1", code: 6, description: "remove_by_server" }],
  });
  const count = reported.length;
  streams(socket, "12", { updateType: "UPDATE_TYPE_DELETE", streams: [gone] });
  assert.equal(reported.length, count);
});

test("messages keep their order and their three shapes", async () => {
  const { room, server, reported } = fixture();
  void room.login();
  const socket = server.accept();
  await settle();
  const message = { fromUser: bob, text: "hi", sentAtUnixMs: "1700000000000" };
  const kinds = ["BROADCAST", "BARRAGE", "COMMAND"] as const;
  kinds.forEach((kind, index) => {
    const received = { ...message, kind: `SIGNAL_MESSAGE_KIND_${kind}`, messageId: `${index + 1}` } as const;
    socket.push({ sequence: `${20 + index}`, messageReceived: received });
  });
  const fromUser = { userID: "bob", userName: "Bob" };
  const common = { fromUser, message: "hi", sendTime: 1700000000000 };
  assert.deepEqual(reported.slice(2), [
    ["IMRecvBroadcastMessage", "room", [{ ...common, messageID: 1 }]],
    ["IMRecvBarrageMessage", "room", [{ ...common, messageID: "2" }]],
    ["IMRecvCustomCommand", "room", fromUser, "hi"],
  ]);
});

test("a renewed log-in tells only what changed meanwhile", async () => {
  const { room, server, reported } = fixture();
  void room.login();
  const socket = server.accept({ users: [bob], streams: [ofBob("s1"), ofBob("s2")] });
  await settle();
  const before = reported.length;
  socket.drop();
  advance(250);
  server.last.onopen?.();
  server.last.reply(server.last.find("resume"), { failed: { code: 1102001, reason: "session-gone" } });
  const carl = { userId: "carl", userName: "Carl" };
  server.accept({ sessionId: "s9", users: [bob, carl], streams: [ofBob("s2"), ofBob("s3")] });
  const changes = reported.slice(before).map((each) => {
    const list = each[3];
    return [each[0], each[2], Array.isArray(list) ? list.map((item) => item.streamID ?? item.userID).join() : list];
  });
  assert.deepEqual(changes, [
    ["roomStateChanged", "RECONNECTING", 1000017],
    ["roomStateChanged", "RECONNECTED", 0],
    ["roomUserUpdate", "ADD", "carl"],
    ["roomStreamUpdate", "DELETE", "s1"],
    ["roomStreamUpdate", "ADD", "s3"],
  ]);
});

test("kicked out: told as such, and over", async () => {
  const { room, server, reported, ended } = fixture();
  void room.login();
  server.accept().push({ loggedOut: { code: 1002055, reason: "kicked" } });
  assert.deepEqual(reported.at(-1)?.slice(0, 4), ["roomStateChanged", "room", "KICKOUT", 1002055]);
  assert.equal(ended(), true);
  room.logout();
  assert.equal(reported.at(-1)?.[2], "KICKOUT");
});

test("leaving while logging in rejects the log-in and tells LOGOUT", async () => {
  const { room, reported } = fixture();
  const login = room.login();
  room.logout();
  await assert.rejects(login, { errorCode: 1102015 });
  assert.equal(reported.at(-1)?.[2], "LOGOUT");
});

test("a refused log-in rejects with all five properties", async () => {
  const { room, server, reported } = fixture();
  const login = room.login();
  server.last.onopen?.();
  server.last.reply(server.last.find("login"), { failed: { code: 1002034, reason: "room-full", message: "Full." } });
  await assert.rejects(login, { errorCode: 1002034, code: 1002034, message: "Full.", msg: "Full." });
  const error = (await login.catch((thrown: unknown) => thrown)) as { extendedData: string };
  assert.deepEqual(JSON.parse(error.extendedData), { message: "Full.", reason: "room-full" });
  assert.deepEqual(reported.at(-1)?.slice(2, 4), ["LOGIN_FAILED", 1002034]);
});

test("without userUpdate nobody asked for users", async () => {
  const { room, server, reported } = fixture(false);
  void room.login();
  server.accept({ users: [bob] });
  await settle();
  assert.equal(
    reported.some((each) => each[0] === "roomUserUpdate"),
    false,
  );
});

const person = (userId: string) => ({ userId, userName: userId.toUpperCase() });
const asUser = (userID: string) => ({ userID, userName: userID.toUpperCase() });
const added = (...userIds: string[]): ServerMessage => ({
  usersChanged: { updateType: "UPDATE_TYPE_ADD", users: userIds.map(person) },
});

test("a log-in is complete with its last page, and the app is told of everybody at once", async () => {
  const { room, server, reported } = fixture();
  const login = room.login();
  const socket = server.accept({ users: [person("bob"), person("carl")], streams: [ofBob("one")], pagesToCome: 2 });
  assert.deepEqual(reported.slice(1), []);
  socket.push(added("dora", "eve"));
  await settle();
  assert.deepEqual(reported.slice(1), []);
  socket.push({ streamsChanged: { updateType: "UPDATE_TYPE_ADD", streams: [ofBob("two")] } });
  assert.equal(await login, true);
  socket.push({ sequence: "11", ...added("frank") });
  await settle();
  const events = reported.filter(([name]) => name !== "roomStateChanged");
  assert.deepEqual(
    events.map(([name, , type, list]) => [name, type, (list as object[]).length]),
    [
      ["roomUserUpdate", "ADD", 4],
      ["roomStreamUpdate", "ADD", 2],
      ["roomUserUpdate", "ADD", 1],
    ],
  );
  assert.deepEqual(events[0]?.[3], ["bob", "carl", "dora", "eve"].map(asUser));
});

test("a log-in that lost its connection between two pages is made again, not resumed", async () => {
  const { room, server, reported } = fixture();
  const login = room.login();
  server.accept({ users: [person("bob")], pagesToCome: 1 }).drop();
  advance(1_000);
  assert.equal(server.sockets.length, 2);
  const socket = server.accept({ users: [person("bob")], pagesToCome: 1 });
  assert.throws(() => socket.find("resume"));
  socket.push(added("carl"));
  assert.equal(await login, true);
  await settle();
  assert.deepEqual(
    reported.filter(([name]) => name === "roomUserUpdate").map((each) => each.slice(2)),
    [["ADD", [asUser("bob"), asUser("carl")]]],
  );
});

test("an instance that stops while it still says who is there is left for another", async () => {
  const { room, server } = fixture();
  const login = room.login();
  server.accept({ users: [person("bob")], pagesToCome: 3 }).push({ goAway: {} });
  advance(1_000);
  server.accept();
  assert.equal(await login, true);
});
