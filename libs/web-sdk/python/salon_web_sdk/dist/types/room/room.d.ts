import { type ConnectionListener } from "../signaling/connection.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoPlayOption, ZegoPublishOption } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import type { SocketFactory } from "../signaling/link.js";
import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { Logger } from "../logger.js";
import { Player } from "../media/player.js";
import { Publisher } from "../media/publisher.js";
import type { LoggedIn, Login, MessageKind, Reply, ServerMessage } from "../signaling/wire.js";
export interface RoomSettings {
    roomRetryTimeMs: number;
    avRetryTimeMs: number;
}
export interface RoomOptions {
    urls: readonly string[];
    login: Login;
    settings: RoomSettings;
    events: Emitter<ZegoEventHandlers>;
    logger: Logger;
    socketFactory: SocketFactory;
    sendBeacon: (url: string, text: string) => void;
    /** The room is over, whoever ended it. */
    ended: (room: Room) => void;
    /** A stream stopped being played: nothing on the page shows it any more. */
    unplayed: (media: MediaStream) => void;
}
/** One log-in, from `loginRoom` to its end: the signalling, who is there, and the streams that go out and in. */
export declare class Room implements ConnectionListener {
    private readonly options;
    readonly roomID: string;
    private readonly machine;
    private readonly connection;
    private readonly peers;
    private readonly roster;
    private readonly publishers;
    private readonly players;
    private readonly tokenWatch;
    private settleLogin;
    /** Held back until whoever awaits `loginRoom` has gone on; null when nothing is held back. */
    private held;
    constructor(options: RoomOptions);
    get over(): boolean;
    login(): Promise<boolean>;
    logout(): void;
    /** For every log-in from now on, and for what needs a token that is still good. */
    renewToken(token: string, expiresAtUnixS: number): void;
    /** Silently, for a page that goes away. */
    sleep(): void;
    /** The page came back. */
    wake(): void;
    send(kind: MessageKind, text: string, toUserIds: string[]): Promise<Reply>;
    publisher(streamID: string): Publisher | undefined;
    publishersOf(stream: ZegoLocalStream): Publisher[];
    publish(streamID: string, stream: ZegoLocalStream, option: ZegoPublishOption): void;
    player(streamID: string): Player | undefined;
    play(streamID: string, option: ZegoPlayOption): Promise<MediaStream>;
    loggedIn(loggedIn: LoggedIn): void;
    reconnecting(code: number): void;
    reconnected(fresh: LoggedIn | null): void;
    closed(error: ZegoError): void;
    message(message: ServerMessage): void;
    private tell;
    private applySnapshot;
    private tellUsers;
    private tellStreams;
    /** Those who play it; what others play is theirs to know. */
    private tellMuted;
    private tellMessage;
    private become;
    private tellState;
    private finish;
    private peerLost;
    private interruptPlayer;
    private wakePlayer;
    private publisherPort;
    private playerPort;
}
