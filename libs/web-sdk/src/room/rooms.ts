import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { Player } from "../media/player.js";
import type { Publisher } from "../media/publisher.js";
import type { Room } from "./room.js";

/** The log-ins of one engine that have not ended, by room. `loginRoom` sees to it that there is one at most. */
export class Rooms {
  private readonly byID = new Map<string, Room>();

  get isEmpty(): boolean {
    return this.byID.size === 0;
  }

  get all(): Room[] {
    return [...this.byID.values()];
  }

  add(room: Room): void {
    this.byID.set(room.roomID, room);
  }

  remove(room: Room): void {
    if (this.byID.get(room.roomID) === room) this.byID.delete(room.roomID);
  }

  /** The log-in to that room; without a name, the first there is. */
  find(roomID: string): Room | null {
    return (roomID === "" ? this.all[0] : this.byID.get(roomID)) ?? null;
  }

  publisher(streamID: string): Publisher | null {
    return firstOf(this.all, (room) => room.publisher(streamID));
  }

  publishersOf(stream: ZegoLocalStream): Publisher[] {
    return this.all.flatMap((room) => room.publishersOf(stream));
  }

  player(streamID: string): Player | null {
    return firstOf(this.all, (room) => room.player(streamID));
  }
}

function firstOf<T>(rooms: readonly Room[], find: (room: Room) => T | undefined): T | null {
  for (const room of rooms) {
    const found = find(room);
    if (found !== undefined) return found;
  }
  return null;
}
