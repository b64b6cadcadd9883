import { ZegoError } from "./errors.js";
export declare function byteLength(text: string): number;
export declare function checkRoomId(roomID: unknown): ZegoError | null;
export declare function checkUserId(userID: unknown): ZegoError | null;
export declare function checkUserName(userName: unknown): ZegoError | null;
export declare function checkStreamId(streamID: unknown): ZegoError | null;
export declare function checkMessage(text: unknown): ZegoError | null;
