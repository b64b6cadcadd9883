import type { StreamsChanged, UsersChanged, Stream, User } from "../signaling/messages.js";

export interface RosterUser {
  userID: string;
  userName: string;
}

export interface RosterStream {
  streamID: string;
  user: RosterUser;
  extraInfo: string;
  kinds: readonly string[];
  mutedKinds: readonly string[];
}

export interface Change<T> {
  added: T[];
  deleted: { item: T; reason: number }[];
}

export function toUser(user: User | undefined): RosterUser {
  return { userID: user?.userId ?? "", userName: user?.userName ?? "" };
}

function toStream(stream: Stream): RosterStream {
  return {
    streamID: stream.streamId ?? "",
    user: toUser(stream.user),
    extraInfo: stream.extraInfo ?? "",
    kinds: stream.kinds ?? [],
    mutedKinds: stream.mutedKinds ?? [],
  };
}

/** The number for what went while this client was away. */
const REASON_DISCONNECTED = 5;

/** Who and what is in the room besides oneself; gives only what is new, however often it comes. */
export class Roster {
  private readonly users = new Map<string, RosterUser>();
  private readonly streams = new Map<string, RosterStream>();

  stream(streamID: string): RosterStream | undefined {
    return this.streams.get(streamID);
  }

  /** A log-in's picture of the room against the one held so far. */
  replaceUsers(present: readonly User[]): Change<RosterUser> {
    return replace(this.users, present.map(toUser), (user) => user.userID);
  }

  replaceStreams(present: readonly Stream[]): Change<RosterStream> {
    return replace(this.streams, present.map(toStream), (stream) => stream.streamID);
  }

  mute(streamID: string, mutedKinds: readonly string[]): void {
    const stream = this.streams.get(streamID);
    if (stream !== undefined) this.streams.set(streamID, { ...stream, mutedKinds });
  }

  changeUsers(change: UsersChanged): Change<RosterUser> {
    return merge(this.users, (change.users ?? []).map(toUser), (user) => user.userID, deletes(change), []);
  }

  changeStreams(change: StreamsChanged): Change<RosterStream> {
    const streams = (change.streams ?? []).map(toStream);
    return merge(this.streams, streams, (stream) => stream.streamID, deletes(change), change.deleteReasons ?? []);
  }
}

function deletes(change: { updateType?: string }): boolean {
  return change.updateType === "UPDATE_TYPE_DELETE";
}

function merge<T>(
  known: Map<string, T>,
  items: readonly T[],
  key: (item: T) => string,
  remove: boolean,
  reasons: readonly number[],
): Change<T> {
  const result: Change<T> = { added: [], deleted: [] };
  items.forEach((item, index) => {
    const before = known.get(key(item));
    if (!remove) {
      known.set(key(item), item);
      if (before === undefined) result.added.push(item);
    } else if (before !== undefined) {
      known.delete(key(item));
      result.deleted.push({ item: before, reason: reasons[index] ?? 0 });
    }
  });
  return result;
}

function replace<T>(known: Map<string, T>, present: readonly T[], key: (item: T) => string): Change<T> {
  const result: Change<T> = { added: [], deleted: [] };
  const now = new Map(present.map((item) => [key(item), item]));
  for (const [id, item] of known) if (!now.has(id)) result.deleted.push({ item, reason: REASON_DISCONNECTED });
  for (const [id, item] of now) if (!known.has(id)) result.added.push(item);
  known.clear();
  for (const [id, item] of now) known.set(id, item);
  return result;
}
