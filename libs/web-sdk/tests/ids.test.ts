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

test("stream ids: as rooms, which they are made of, twice as long", () => {
  for (const good of ["a-Z_9", "a.b", "team#1_ann.b@x_main", "aZ09~!@#$^&*()_+=-;’',.<>/`", "..", "__proto__"]) {
    assert.equal(code(checkStreamId(good)), 0, good);
  }
  assert.equal(code(checkStreamId("")), 1000015);
  for (const bad of ["a b", "a%b", 'a"b', "a\nb", "ä", "a|b", "😀"])
    assert.equal(code(checkStreamId(bad)), 1000016, bad);
  assert.equal(code(checkStreamId("a".repeat(256))), 0);
  assert.equal(code(checkStreamId("a".repeat(257))), 1000014);
  assert.equal(code(checkStreamId("’".repeat(86))), 1000014);
});

test("what is wrong with an id is said in a sentence", () => {
  const said = JSON.parse(checkStreamId("a%b")?.extendedData ?? "{}") as { message?: string };
  assert.equal(
    said.message ?? checkStreamId("a%b")?.message,
    'The streamID has the character "%"; allowed are letters A to Z and a to z, digits, and ~ ! @ # $ ^ & * ( ) _ + = - ; \' ’ , . ` < > /.',
  );
});

test("messages: counted in bytes", () => {
  assert.equal(code(checkMessage("")), 1009001);
  assert.equal(code(checkMessage("é".repeat(512))), 0);
  assert.equal(code(checkMessage("é".repeat(512) + "a")), 1009002);
});
