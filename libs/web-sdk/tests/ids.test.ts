import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMessage, checkRoomId, checkStreamId, checkUserId, checkUserName } from "../src/ids.js";

const code = (error: { errorCode: number } | null): number => error?.errorCode ?? 0;

test("room ids: every allowed character, and the code for each fault", () => {
  assert.equal(code(checkRoomId("aZ09~!@#$^&*()_+=-;’',.<>/`")), 0);
  assert.equal(code(checkRoomId("")), 1002011);
  assert.equal(code(checkRoomId(undefined)), 1002011);
  assert.equal(code(checkRoomId("a%b")), 1002012);
  assert.equal(code(checkRoomId("a b")), 1002012);
  assert.equal(code(checkRoomId("a".repeat(128))), 0);
  assert.equal(code(checkRoomId("a".repeat(129))), 1002013);
});

test("user ids: as rooms without angle brackets and slash, half as long", () => {
  assert.equal(code(checkUserId("aZ09~!@#$^&*()_+=-;’,.`")), 0);
  for (const bad of ["a<b", "a>b", "a/b", "a%b", "é"]) assert.equal(code(checkUserId(bad)), 1002006, bad);
  assert.equal(code(checkUserId("")), 1002005);
  assert.equal(code(checkUserId("a".repeat(65))), 1002007);
});

test("user names: anything, to 256 bytes, and optional", () => {
  assert.equal(code(checkUserName(undefined)), 0);
  assert.equal(code(checkUserName("😀 <>%/")), 0);
  assert.equal(code(checkUserName("é".repeat(128))), 0);
  assert.equal(code(checkUserName("é".repeat(129))), 1002010);
});

test("stream ids: letters, digits, minus and underscore, to 256 characters", () => {
  assert.equal(code(checkStreamId("a-Z_9")), 0);
  assert.equal(code(checkStreamId("")), 1000015);
  assert.equal(code(checkStreamId("a.b")), 1000016);
  assert.equal(code(checkStreamId("a".repeat(256))), 0);
  assert.equal(code(checkStreamId("a".repeat(257))), 1000014);
});

test("messages: counted in bytes", () => {
  assert.equal(code(checkMessage("")), 1009001);
  assert.equal(code(checkMessage("é".repeat(512))), 0);
  assert.equal(code(checkMessage("é".repeat(512) + "a")), 1009002);
});
