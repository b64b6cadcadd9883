import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers } from "../entities/index.js";
import type { Logger } from "../logger.js";
import type { MessageReceived } from "../signaling/messages.js";
import { afterPromises } from "./after-promises.js";
import { deleteReasons, toBarrage, toBroadcast, toStreamListItem } from "./public-shapes.js";
import { OLD_STATE, type RoomReason } from "./room-state.js";
import { toUser, type Change, type RosterStream, type RosterUser } from "./roster.js";

/** One log-in's events for the app: in order, and none but of its state before the app knows that it is logged in. */
export class RoomEvents {
  /** Null when nothing is held back. */
  private held: (() => void)[] | null = null;

  constructor(
    private readonly roomID: string,
    private readonly emitter: Emitter<ZegoEventHandlers>,
    private readonly logger: Logger,
    private readonly over: () => boolean,
  ) {}

  /** Whatever is queued from now on waits until whoever awaits `loginRoom` has gone on. */
  hold(): void {
    const held: (() => void)[] = [];
    this.held = held;
    afterPromises(() => {
      this.held = null;
      for (const run of held) run();
    });
  }

  /** Runs it behind all that was queued before, unless the log-in is over by then. */
  queue(run: () => void): void {
    const guarded = (): void => {
      if (!this.over()) run();
    };
    if (this.held === null) guarded();
    else this.held.push(guarded);
  }

  state(reason: RoomReason, code: number, extendedData = "{}"): void {
    this.logger.info("room-state", { room_id: this.roomID, reason, err_code: code });
    this.emitter.emit("roomStateUpdate", this.roomID, OLD_STATE[reason], code, extendedData);
    this.emitter.emit("roomStateChanged", this.roomID, reason, code, extendedData);
  }

  users({ added, deleted }: Change<RosterUser>): void {
    const gone = deleted.map(({ item }) => item);
    if (gone.length > 0) this.emitter.emit("roomUserUpdate", this.roomID, "DELETE", gone);
    if (added.length > 0) this.emitter.emit("roomUserUpdate", this.roomID, "ADD", added);
  }

  streamsDeleted(deleted: Change<RosterStream>["deleted"]): void {
    const gone = deleted.map(({ item }) => toStreamListItem(item));
    this.emitter.emit("roomStreamUpdate", this.roomID, "DELETE", gone, deleteReasons(deleted));
  }

  streamsAdded(added: readonly RosterStream[]): void {
    this.emitter.emit("roomStreamUpdate", this.roomID, "ADD", added.map(toStreamListItem), "{}");
  }

  message(message: MessageReceived): void {
    if (message.kind === "SIGNAL_MESSAGE_KIND_BROADCAST") {
      this.emitter.emit("IMRecvBroadcastMessage", this.roomID, [toBroadcast(message)]);
    } else if (message.kind === "SIGNAL_MESSAGE_KIND_BARRAGE") {
      this.emitter.emit("IMRecvBarrageMessage", this.roomID, [toBarrage(message)]);
    } else if (message.kind === "SIGNAL_MESSAGE_KIND_COMMAND") {
      this.emitter.emit("IMRecvCustomCommand", this.roomID, toUser(message.fromUser), message.text ?? "");
    }
  }

  tokenWillExpire(): void {
    this.emitter.emit("tokenWillExpire", this.roomID);
  }
}
