import type { ZegoRoomState, ZegoRoomStateChangedReason } from "../entities/index.js";

export type RoomReason = Exclude<ZegoRoomStateChangedReason, "LOGOUT_FAILED">;

/** What may follow what, by the reasons app code sees; "" is before `loginRoom`. */
export const ROOM_ALLOWED: Readonly<Record<RoomReason | "", readonly (RoomReason | "")[]>> = {
  "": ["LOGINING"],
  LOGINING: ["LOGINED", "LOGIN_FAILED", "LOGOUT"],
  LOGINED: ["RECONNECTING", "RECONNECT_FAILED", "KICKOUT", "LOGOUT"],
  RECONNECTING: ["RECONNECTED", "RECONNECT_FAILED", "KICKOUT", "LOGOUT"],
  RECONNECTED: ["RECONNECTING", "RECONNECT_FAILED", "KICKOUT", "LOGOUT"],
  LOGIN_FAILED: [],
  RECONNECT_FAILED: [],
  KICKOUT: [],
  LOGOUT: [],
};

/** The older event's state for each reason of the newer one. */
export const OLD_STATE: Readonly<Record<ZegoRoomStateChangedReason, ZegoRoomState>> = {
  LOGINING: "CONNECTING",
  LOGINED: "CONNECTED",
  LOGIN_FAILED: "DISCONNECTED",
  RECONNECTING: "CONNECTING",
  RECONNECTED: "CONNECTED",
  RECONNECT_FAILED: "DISCONNECTED",
  KICKOUT: "DISCONNECTED",
  LOGOUT: "DISCONNECTED",
  LOGOUT_FAILED: "DISCONNECTED",
};
