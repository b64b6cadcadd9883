import { Code } from "../codes.js";
import type { ZegoPlayOption } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import { checkStreamId } from "../ids.js";
import type { Logger } from "../logger.js";
import type { Rooms } from "../room/rooms.js";

/** Streams on their way in. */
export class PlayApi {
  constructor(
    private readonly rooms: Rooms,
    private readonly logger: Logger,
  ) {}

  async start(streamID: string, option: ZegoPlayOption): Promise<MediaStream> {
    const wrong = checkStreamId(streamID);
    if (wrong !== null) throw wrong;
    const room = this.rooms.find("");
    if (room === null) throw new ZegoError(Code.NOT_IN_ROOM, "There is no log-in.");
    const present = this.rooms.player(streamID);
    // Interrupted, it is played again by itself; asking for it once more is no mistake of the app.
    if (present?.interrupted === true) return present.ready;
    if (present !== null) throw new ZegoError(Code.ALREADY_PLAYING, "The stream is being played already.");
    if (option.video === false && option.audio === false) {
      throw new ZegoError(Code.PLAY_PARAMETER, "Neither audio nor video is wanted.");
    }
    return room.play(streamID, option);
  }

  stop(streamID: string): boolean {
    const player = this.rooms.player(streamID);
    if (player === null) {
      this.logger.warn("not-playing", { stream_id: streamID, err_code: Code.NOT_PLAYING });
      return false;
    }
    player.stop();
    return true;
  }
}
