import type { ZegoRoomState, ZegoRoomStateChangedReason } from "../entities/index.js";
export type RoomReason = Exclude<ZegoRoomStateChangedReason, "LOGOUT_FAILED">;
/** What may follow what, by the reasons app code sees; "" is before `loginRoom`. */
export declare const ROOM_ALLOWED: Readonly<Record<RoomReason | "", readonly (RoomReason | "")[]>>;
/** The older event's state for each reason of the newer one. */
export declare const OLD_STATE: Readonly<Record<ZegoRoomStateChangedReason, ZegoRoomState>>;
