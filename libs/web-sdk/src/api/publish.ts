import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { LocalStreams } from "../capture/local-streams.js";
import { Code } from "../codes.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoPublishOption } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import { checkStreamId } from "../ids.js";
import type { Logger } from "../logger.js";
import type { Room } from "../room/room.js";
import type { Rooms } from "../room/rooms.js";

const MAX_EXTRA_INFO_CHARS = 1024;

/** Streams on their way out. */
export class PublishApi {
  constructor(
    private readonly rooms: Rooms,
    private readonly locals: LocalStreams,
    private readonly events: Emitter<ZegoEventHandlers>,
    private readonly logger: Logger,
  ) {}

  start(streamID: string, stream: MediaStream | ZegoLocalStream, option: ZegoPublishOption): boolean {
    const present = this.rooms.publisher(streamID);
    if (present !== null) {
      this.logger.warn("publish-refused", { stream_id: streamID, err_code: Code.ALREADY_PUBLISHING });
      // The stream goes on as it was; only this call came to nothing.
      present.reportRefusal(new ZegoError(Code.ALREADY_PUBLISHING, "The stream is being published already."));
      return false;
    }
    const checked = this.checked(streamID, stream, option);
    if (checked instanceof ZegoError) {
      const { errorCode, extendedData } = checked;
      this.logger.warn("publish-refused", { stream_id: streamID, err_code: errorCode });
      this.events.emit("publisherStateUpdate", { streamID, state: "NO_PUBLISH", errorCode, extendedData });
      return false;
    }
    checked.room.publish(streamID, checked.local, option);
    return true;
  }

  stop(streamID: string): boolean {
    const publisher = this.rooms.publisher(streamID);
    if (publisher === null) {
      this.logger.warn("not-publishing", { stream_id: streamID, err_code: Code.NOT_PUBLISHING });
      return false;
    }
    publisher.stop();
    return true;
  }

  /** `retain`: the camera stays on and its preview goes on, and only the others see black. */
  muteVideo(stream: MediaStream | ZegoLocalStream, mute: boolean, retain: boolean): boolean {
    const local = this.locals.find(stream);
    if (local === null || local.getVideoTracks().length === 0) return false;
    if (!mute || !retain) local.mute("video", "publish", mute);
    if (!mute || retain) {
      // Kept with the stream, for whoever publishes it later.
      local.dark = mute;
      for (const publisher of this.rooms.publishersOf(local)) void publisher.darken(mute);
    }
    this.locals.muteChanged(local);
    return true;
  }

  muteAudio(stream: MediaStream | ZegoLocalStream, mute: boolean): boolean {
    const local = this.locals.find(stream);
    if (local === null || local.getAudioTracks().length === 0) return false;
    local.mute("audio", "publish", mute);
    this.locals.muteChanged(local);
    return true;
  }

  private checked(
    streamID: string,
    stream: MediaStream | ZegoLocalStream,
    option: ZegoPublishOption,
  ): { room: Room; local: ZegoLocalStream } | ZegoError {
    const wrong = checkStreamId(streamID);
    if (wrong !== null) return wrong;
    const { roomID = "" } = option;
    const room = this.rooms.find(roomID);
    if (room === null) return new ZegoError(Code.NOT_IN_ROOM, "There is no log-in to this room.");
    const local = this.locals.find(stream);
    if (local === null) return new ZegoError(Code.NOT_CREATED_HERE, "The stream was not made by this engine.");
    const tracks = local.getTracks();
    if (tracks.length === 0) return new ZegoError(Code.TRACK_MISSING, "The stream has no tracks.");
    if (tracks.every((track) => track.readyState === "ended")) {
      return new ZegoError(Code.DEVICE_OUT, "All tracks of the stream have ended.");
    }
    const extraInfo: unknown = option.extraInfo ?? "";
    if (typeof extraInfo !== "string") return new ZegoError(Code.PUBLISH_PARAMETER, "The extraInfo is not a string.");
    if (extraInfo.length > MAX_EXTRA_INFO_CHARS) {
      return new ZegoError(Code.EXTRA_INFO_TOO_LONG, "The extraInfo is longer than 1024 characters.");
    }
    return { room, local };
  }
}
