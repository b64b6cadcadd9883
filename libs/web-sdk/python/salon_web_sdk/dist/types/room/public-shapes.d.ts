import type { ZegoBarrageMessageInfo, ZegoBroadcastMessageInfo, ZegoStreamList } from "../entities/index.js";
import type { MessageReceived } from "../signaling/wire.js";
import { type RosterStream } from "./roster.js";
export declare function toStreamListItem(stream: RosterStream): ZegoStreamList;
export declare function deleteReasons(deleted: readonly {
    item: RosterStream;
    reason: number;
}[]): string;
export declare function toBroadcast(message: MessageReceived): ZegoBroadcastMessageInfo;
export declare function toBarrage(message: MessageReceived): ZegoBarrageMessageInfo;
