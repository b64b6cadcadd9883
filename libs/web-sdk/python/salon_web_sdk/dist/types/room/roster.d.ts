import type { StreamsChanged, UsersChanged, WireStream, WireUser } from "../signaling/wire.js";
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
    deleted: {
        item: T;
        reason: number;
    }[];
}
export declare function toUser(user: WireUser | undefined): RosterUser;
/** Who and what is in the room besides oneself; tells only what is new, however often it is told. */
export declare class Roster {
    private readonly users;
    private readonly streams;
    stream(streamID: string): RosterStream | undefined;
    /** A log-in's picture of the room against the one held so far. */
    replaceUsers(present: readonly WireUser[]): Change<RosterUser>;
    replaceStreams(present: readonly WireStream[]): Change<RosterStream>;
    mute(streamID: string, mutedKinds: readonly string[]): void;
    changeUsers(change: UsersChanged): Change<RosterUser>;
    changeStreams(change: StreamsChanged): Change<RosterStream>;
}
