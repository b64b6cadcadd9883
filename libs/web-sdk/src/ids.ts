import { Code } from "./codes.js";
import { ZegoError } from "./errors.js";

// The typographic apostrophe stands in the published rule; people type the plain one, so both pass.
const USER_ID = /^[0-9A-Za-z~!@#$^&*()_+=\-;'’,.`]+$/;
const ROOM_ID = /^[0-9A-Za-z~!@#$^&*()_+=\-;'’,.`<>/]+$/;
const STREAM_ID = /^[0-9A-Za-z\-_]+$/;

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

interface Rule {
  noun: string;
  pattern: RegExp;
  maxLength: number;
  measure: (text: string) => number;
  empty: number;
  tooLong: number;
  illegal: number;
}

function check(value: unknown, rule: Rule): ZegoError | null {
  if (typeof value !== "string" || value === "") return new ZegoError(rule.empty, `The ${rule.noun} is empty.`);
  if (rule.measure(value) > rule.maxLength) {
    return new ZegoError(rule.tooLong, `The ${rule.noun} is longer than ${rule.maxLength}.`);
  }
  if (!rule.pattern.test(value)) return new ZegoError(rule.illegal, `The ${rule.noun} has a character not allowed.`);
  return null;
}

export function checkRoomId(roomID: unknown): ZegoError | null {
  return check(roomID, {
    noun: "roomID",
    pattern: ROOM_ID,
    maxLength: 128,
    measure: byteLength,
    empty: Code.ROOM_ID_EMPTY,
    tooLong: Code.ROOM_ID_TOO_LONG,
    illegal: Code.ROOM_ID_ILLEGAL,
  });
}

export function checkUserId(userID: unknown): ZegoError | null {
  return check(userID, {
    noun: "userID",
    pattern: USER_ID,
    maxLength: 64,
    measure: byteLength,
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
    pattern: STREAM_ID,
    maxLength: 256,
    measure: (text) => text.length,
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
