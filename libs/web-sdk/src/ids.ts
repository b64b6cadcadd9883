import { Code } from "./codes.js";
import { ZegoError } from "./errors.js";

// The typographic apostrophe stands in the published rule; people type the plain one, so both pass.
const USER_ID_MARKS = "~!@#$^&*()_+=-;'’,.`";
// Pages make stream ids of room and user ids, so these have the same characters.
const ROOM_ID_MARKS = `${USER_ID_MARKS}<>/`;
const LETTER_OR_DIGIT = /^[0-9A-Za-z]$/;

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

interface Rule {
  noun: string;
  marks: string;
  maxBytes: number;
  empty: number;
  tooLong: number;
  illegal: number;
}

function check(value: unknown, rule: Rule): ZegoError | null {
  if (typeof value !== "string" || value === "") return new ZegoError(rule.empty, `The ${rule.noun} is empty.`);
  if (byteLength(value) > rule.maxBytes) {
    return new ZegoError(rule.tooLong, `The ${rule.noun} is longer than ${rule.maxBytes} bytes.`);
  }
  const strange = [...value].find((each) => !LETTER_OR_DIGIT.test(each) && !rule.marks.includes(each));
  if (strange === undefined) return null;
  const allowed = `letters A to Z and a to z, digits, and ${[...rule.marks].join(" ")}`;
  return new ZegoError(
    rule.illegal,
    `The ${rule.noun} has the character ${JSON.stringify(strange)}; allowed are ${allowed}.`,
  );
}

export function checkRoomId(roomID: unknown): ZegoError | null {
  return check(roomID, {
    noun: "roomID",
    marks: ROOM_ID_MARKS,
    maxBytes: 128,
    empty: Code.ROOM_ID_EMPTY,
    tooLong: Code.ROOM_ID_TOO_LONG,
    illegal: Code.ROOM_ID_ILLEGAL,
  });
}

export function checkUserId(userID: unknown): ZegoError | null {
  return check(userID, {
    noun: "userID",
    marks: USER_ID_MARKS,
    maxBytes: 64,
    empty: Code.USER_ID_EMPTY,
    tooLong: Code.USER_ID_TOO_LONG,
    illegal: Code.USER_ID_ILLEGAL,
  });
}

export function checkUserName(userName: unknown): ZegoError | null {
  if (userName === undefined || userName === null) return null;
  if (typeof userName !== "string") return new ZegoError(Code.PARAMETER, "The userName is not a string.");
  if (byteLength(userName) > 256) return new ZegoError(Code.USER_NAME_TOO_LONG, "The userName is longer than 256.");
  return null;
}

export function checkStreamId(streamID: unknown): ZegoError | null {
  return check(streamID, {
    noun: "streamID",
    marks: ROOM_ID_MARKS,
    maxBytes: 256,
    empty: Code.STREAM_ID_EMPTY,
    tooLong: Code.STREAM_ID_TOO_LONG,
    illegal: Code.STREAM_ID_ILLEGAL,
  });
}

export function checkMessage(text: unknown): ZegoError | null {
  if (typeof text !== "string" || text === "") return new ZegoError(Code.MESSAGE_EMPTY, "The message is empty.");
  if (byteLength(text) > 1024) return new ZegoError(Code.MESSAGE_TOO_LONG, "The message is longer than 1024 bytes.");
  return null;
}
