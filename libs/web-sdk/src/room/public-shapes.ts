import type { ZegoBarrageMessageInfo, ZegoBroadcastMessageInfo, ZegoStreamList } from "../entities/index.js";
import type { MessageReceived } from "../signaling/messages.js";
import { toUser, type RosterStream } from "./roster.js";

const DELETE_DESCRIPTIONS: Readonly<Record<number, string>> = {
  1: "stop_by_user",
  2: "heartbeat_timeout",
  3: "repeated_login",
  4: "kicked",
  5: "disconnected",
  6: "remove_by_server",
};

export function toStreamListItem(stream: RosterStream): ZegoStreamList {
  return {
    streamID: stream.streamID,
    user: { ...stream.user },
    extraInfo: stream.extraInfo,
    urlsFLV: "",
    urlsRTMP: "",
    urlsHLS: "",
    urlsHttpsFLV: "",
    urlsHttpsHLS: "",
  };
}

export function deleteReasons(deleted: readonly { item: RosterStream; reason: number }[]): string {
  const reasons = deleted.map(({ item, reason }) => ({
    stream_id: item.streamID,
    code: reason,
    description: DELETE_DESCRIPTIONS[reason] ?? "unknown",
  }));
  return JSON.stringify({ stream_delete_reason: reasons });
}

export function toBroadcast(message: MessageReceived): ZegoBroadcastMessageInfo {
  return {
    fromUser: toUser(message.fromUser),
    message: message.text ?? "",
    sendTime: Number(message.sentAtUnixMs ?? 0),
    messageID: Number(message.messageId ?? 0),
  };
}

export function toBarrage(message: MessageReceived): ZegoBarrageMessageInfo {
  return { ...toBroadcast(message), messageID: message.messageId ?? "" };
}
