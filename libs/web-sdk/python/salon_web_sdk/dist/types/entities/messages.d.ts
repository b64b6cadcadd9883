import type { ZegoUser } from "./room.js";
export interface ZegoBroadcastMessageInfo {
    fromUser: ZegoUser;
    message: string;
    sendTime: number;
    messageID: number;
}
export interface ZegoBarrageMessageInfo {
    fromUser: ZegoUser;
    message: string;
    sendTime: number;
    messageID: string;
}
