import { Code } from "../codes.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoRoomConfig, ZegoUser } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import { checkRoomId, checkUserId, checkUserName } from "../ids.js";
import type { Logger } from "../logger.js";
import type { Views } from "../play/views.js";
import { Room } from "../room/room.js";
import type { Rooms } from "../room/rooms.js";
import { tokenExpiresAtUnixS } from "../room/token04.js";
import type { Settings } from "../settings.js";
import { openWebSocket, sendBeacon } from "../signaling/socket.js";
import { socketUrls } from "../signaling/server-address.js";

const MAX_APP_ID = 2 ** 32 - 1;

/** Logging in and out. */
export class RoomApi {
  // Browsers say "kept in the cache" of pages they throw away a moment later: the others must not see a ghost.
  private readonly onPageHide = (): void => this.rooms.all.forEach((room) => room.sleep());
  private readonly onPageShow = (): void => this.rooms.all.forEach((room) => room.wake());

  constructor(
    private readonly appID: number,
    private readonly server: string | readonly string[] | null | undefined,
    private readonly rooms: Rooms,
    private readonly views: Views,
    private readonly settings: Settings,
    private readonly events: Emitter<ZegoEventHandlers>,
    private readonly logger: Logger,
  ) {
    globalThis.addEventListener?.("pagehide", this.onPageHide);
    globalThis.addEventListener?.("pageshow", this.onPageShow);
  }

  async login(roomID: string, token: string, user: ZegoUser, config: ZegoRoomConfig): Promise<boolean> {
    if (!Number.isInteger(this.appID) || this.appID < 1 || this.appID > MAX_APP_ID) {
      throw new ZegoError(Code.APP_ID_WRONG, "The AppID is not a positive 32-bit number.");
    }
    const wrong = checkRoomId(roomID) ?? checkUserId(user?.userID) ?? checkUserName(user?.userName);
    if (wrong !== null) throw wrong;
    if (typeof token !== "string") throw new ZegoError(Code.TOKEN_FORMAT, "The token is not a string.");
    if (!this.rooms.isEmpty) throw new ZegoError(Code.ROOM_ALREADY_LOGGED_IN, "Another log-in has not ended yet.");
    const urls = socketUrls(this.server);
    if (urls.length === 0) throw new ZegoError(Code.NO_SERVER, "There is no usable server address.");
    const room = new Room({
      urls,
      login: {
        appId: this.appID,
        roomId: roomID,
        token,
        userId: user.userID,
        userName: user.userName ?? user.userID,
        userUpdate: config?.userUpdate === true,
        maxMemberCount: config?.maxMemberCount ?? 0,
      },
      settings: this.settings,
      events: this.events,
      logger: this.logger,
      socketFactory: openWebSocket,
      sendBeacon,
      ended: (over) => this.rooms.remove(over),
      unplayed: (media) => this.views.remove(media),
    });
    this.rooms.add(room);
    return room.login();
  }

  logout(roomID: string): void {
    const room = this.rooms.find(roomID);
    if (room !== null) {
      room.logout();
      return;
    }
    this.logger.warn("log-out-without-log-in", { err_code: Code.ROOM_NOT_LOGGED_IN });
    this.events.emit("roomStateUpdate", roomID, "DISCONNECTED", Code.ROOM_NOT_LOGGED_IN, "{}");
    this.events.emit("roomStateChanged", roomID, "LOGOUT_FAILED", Code.ROOM_NOT_LOGGED_IN, "{}");
  }

  /** False if it does not have the form of a token, or if there is no log-in to that room. */
  renewToken(token: string, roomID: string): boolean {
    const expiresAtUnixS = tokenExpiresAtUnixS(token);
    const room = this.rooms.find(roomID);
    if (expiresAtUnixS === null || room === null) {
      this.logger.warn("token-not-renewed", { err_code: this.rooms.isEmpty ? Code.NOT_IN_ROOM : Code.TOKEN_FORMAT });
      return false;
    }
    room.renewToken(token, expiresAtUnixS);
    return true;
  }

  /** Logs out everywhere, for good. */
  end(): void {
    for (const room of this.rooms.all) room.logout();
    globalThis.removeEventListener?.("pagehide", this.onPageHide);
    globalThis.removeEventListener?.("pageshow", this.onPageShow);
  }
}
