import { Code } from "../codes.js";
import type { ZegoServerResponse } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import { checkMessage, checkUserId } from "../ids.js";
import type { Rooms } from "../room/rooms.js";
import type { SignalMessageKind } from "../signaling/messages.js";

/** Text to those in the room. */
export class MessagesApi {
  constructor(private readonly rooms: Rooms) {}

  async send(kind: SignalMessageKind, roomID: string, text: string, toUserIDs: string[]): Promise<ZegoServerResponse> {
    if (this.rooms.isEmpty) throw new ZegoError(Code.NOT_IN_ROOM, "There is no log-in.");
    // Here a room has to be named.
    const room = roomID === "" ? null : this.rooms.find(roomID);
    if (room === null) throw new ZegoError(Code.MESSAGE_WRONG_ROOM, "This is not the room of the log-in.");
    const wrong = checkMessage(text) ?? (Array.isArray(toUserIDs) ? firstWrong(toUserIDs) : checkUserId(null));
    if (wrong !== null) throw wrong;
    const reply = await room.send(kind, text, toUserIDs);
    return { errorCode: Code.OK, extendedData: JSON.stringify({ messageID: reply.messageAccepted?.messageId ?? "" }) };
  }
}

function firstWrong(userIDs: readonly string[]): ZegoError | null {
  return userIDs.map(checkUserId).find((wrong) => wrong !== null) ?? null;
}
