import type { ZegoLocalStream } from "../capture/local-stream.js";
import { Code } from "../codes.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoPlayOption, ZegoPublishOption } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import type { Logger } from "../logger.js";
import { Peers } from "../media/peers.js";
import type { Player } from "../media/player.js";
import type { Publisher } from "../media/publisher.js";
import { Connection, type ConnectionListener } from "../signaling/connection.js";
import type {
  ClientMessageBody,
  LoggedIn,
  Login,
  Reply,
  ServerMessage,
  SignalMessageKind,
  StreamsChanged,
} from "../signaling/messages.js";
import type { WebSocketFactory } from "../signaling/socket.js";
import { StateMachine } from "../state-machine.js";
import { RoomEvents } from "./room-events.js";
import { ROOM_ALLOWED, type RoomReason } from "./room-state.js";
import { RoomStreams } from "./room-streams.js";
import { Roster, type Change, type RosterStream, type RosterUser } from "./roster.js";
import { TokenWatch } from "./token-watch.js";

export interface RoomSettings {
  roomRetryTimeMs: number;
  avRetryTimeMs: number;
}

export interface RoomOptions {
  urls: readonly string[];
  login: Required<Login>;
  settings: RoomSettings;
  events: Emitter<ZegoEventHandlers>;
  logger: Logger;
  socketFactory: WebSocketFactory;
  sendBeacon: (url: string, text: string) => void;
  /** The room is over, whoever ended it. */
  ended: (room: Room) => void;
  /** A stream stopped being played: nothing on the page shows it any more. */
  unplayed: (media: MediaStream) => void;
}

/** One log-in, from `loginRoom` to its end: the signalling, who is there, and the streams that go out and in. */
export class Room implements ConnectionListener {
  readonly roomID: string;
  private readonly machine = new StateMachine<RoomReason | "">("", ROOM_ALLOWED, "room");
  private readonly connection: Connection;
  private readonly peers: Peers;
  private readonly roster = new Roster();
  private readonly events: RoomEvents;
  private readonly streams: RoomStreams;
  private readonly tokenWatch = new TokenWatch(() => this.events.queue(() => this.events.tokenWillExpire()));
  /** The promise of `loginRoom`, until it is decided. */
  private loginResult: { resolve: (done: boolean) => void; reject: (error: ZegoError) => void } | null = null;

  constructor(private readonly options: RoomOptions) {
    const { login, urls, settings, events, socketFactory, sendBeacon, logger, unplayed } = options;
    this.roomID = login.roomId;
    const retryTimeMs = (): number => settings.roomRetryTimeMs;
    this.connection = new Connection({ urls, login, retryTimeMs, socketFactory, sendBeacon, logger }, this);
    const request = (body: ClientMessageBody): Promise<Reply> => this.connection.request(body);
    this.peers = new Peers(
      {
        request,
        peerLost: (peer, error) => this.streams.peerLost(peer, error),
        doubt: () => this.connection.probe(),
      },
      logger,
    );
    this.events = new RoomEvents(this.roomID, events, logger, () => this.over);
    const port = {
      request,
      peer: this.peers.get.bind(this.peers),
      retryTimeMs: () => settings.avRetryTimeMs,
      logInAnew: () => this.connection.logInAnew(),
    };
    this.streams = new RoomStreams(port, this.roster, this.events, events, unplayed);
  }

  get over(): boolean {
    return this.machine.is("LOGIN_FAILED", "RECONNECT_FAILED", "KICKOUT", "LOGOUT");
  }

  login(): Promise<boolean> {
    const result = new Promise<boolean>((resolve, reject) => {
      this.loginResult = { resolve, reject };
    });
    this.become("LOGINING", Code.OK);
    // A handler may already have logged out again.
    if (!this.over) this.connection.start();
    return result;
  }

  logout(): void {
    if (this.over) return;
    this.connection.logout();
    this.finish("LOGOUT", null);
  }

  /** For every log-in from now on, and for what needs a token that is still good. */
  renewToken(token: string, expiresAtUnixS: number): void {
    this.connection.renewToken(token);
    this.tokenWatch.expiresAt(expiresAtUnixS);
  }

  /** Silently, for a page that goes away. */
  sleep(): void {
    this.connection.sleep();
  }

  /** The page came back. */
  wake(): void {
    this.connection.wake();
  }

  send(kind: SignalMessageKind, text: string, toUserIds: string[]): Promise<Reply> {
    return this.connection.request({ sendMessage: { kind, text, toUserIds } });
  }

  publisher(streamID: string): Publisher | undefined {
    return this.streams.publisher(streamID);
  }

  publishersOf(stream: ZegoLocalStream): Publisher[] {
    return this.streams.publishersOf(stream);
  }

  publish(streamID: string, stream: ZegoLocalStream, option: ZegoPublishOption): void {
    this.streams.publish(streamID, stream, option);
  }

  player(streamID: string): Player | undefined {
    return this.streams.player(streamID);
  }

  play(streamID: string, option: ZegoPlayOption): Promise<MediaStream> {
    return this.streams.play(streamID, option);
  }

  // ---- what comes from the connection ----

  loggedIn(loggedIn: LoggedIn): void {
    this.events.hold();
    this.become("LOGINED", Code.OK, JSON.stringify({ room_session_id: loggedIn.roomSessionId ?? "" }));
    this.loginResult?.resolve(true);
    this.loginResult = null;
    this.applySnapshot(loggedIn);
    // A handler may already have logged out again.
    if (!this.over) this.tokenWatch.expiresAt(Number(loggedIn.tokenExpiresAtUnixS ?? 0));
  }

  reconnecting(code: number): void {
    this.become("RECONNECTING", code);
  }

  reconnected(fresh: LoggedIn | null): void {
    if (this.machine.is("RECONNECTING")) this.become("RECONNECTED", Code.OK);
    if (fresh === null || this.over) return;
    this.peers.renew();
    this.applySnapshot(fresh);
    this.tokenWatch.expiresAt(Number(fresh.tokenExpiresAtUnixS ?? 0));
  }

  closed(error: ZegoError): void {
    if (this.over) return;
    const kicked = error.errorCode === Code.KICKED_BY_OTHER_LOGIN || error.errorCode === Code.KICKED_BY_BACKEND;
    if (this.machine.is("LOGINING")) this.finish("LOGIN_FAILED", error);
    else this.finish(kicked ? "KICKOUT" : "RECONNECT_FAILED", error);
  }

  message(message: ServerMessage): void {
    if (message.usersChanged !== undefined) {
      this.usersChanged(this.roster.changeUsers(message.usersChanged));
    } else if (message.streamsChanged !== undefined) {
      this.streamsChanged(this.roster.changeStreams(message.streamsChanged));
      this.streamsConfirmed(message.streamsChanged);
    } else if (message.messageReceived !== undefined) {
      const received = message.messageReceived;
      this.events.queue(() => this.events.message(received));
    } else if (message.peerConnectionLost !== undefined) {
      this.peers.lostAtRelay(message.peerConnectionLost.peerConnectionId ?? "");
    } else if (message.streamMuteChanged !== undefined) {
      const { streamId = "", mutedKinds = [] } = message.streamMuteChanged;
      this.roster.mute(streamId, mutedKinds);
      this.streams.reportMuted(streamId);
    } else if (message.effectsStateChanged !== undefined) {
      const { streamId = "", ...state } = message.effectsStateChanged;
      this.publisher(streamId)?.stream.beauty.stateChanged(streamId, state);
    }
  }

  // ---- inside ----

  private applySnapshot(loggedIn: LoggedIn): void {
    if (this.options.login.userUpdate) this.usersChanged(this.roster.replaceUsers(loggedIn.users ?? []));
    this.streamsChanged(this.roster.replaceStreams(loggedIn.streams ?? []));
    this.streams.reportAllMuted();
  }

  private usersChanged(change: Change<RosterUser>): void {
    this.events.queue(() => this.events.users(change));
  }

  private streamsChanged({ added, deleted }: Change<RosterStream>): void {
    this.events.queue(() => {
      if (deleted.length > 0) {
        this.events.streamsDeleted(deleted);
        // After the app's handlers: most of them stop playing, and then there is no interruption to report.
        for (const { item } of deleted) this.streams.interruptPlayer(item.streamID);
      }
      if (added.length > 0) {
        this.events.streamsAdded(added);
        for (const { streamID } of added) this.streams.wakePlayer(streamID);
      }
    });
  }

  /** Also of those that were known: a stream that comes again may be played again. */
  private streamsConfirmed({ updateType, streams }: StreamsChanged): void {
    if (updateType === "UPDATE_TYPE_DELETE") return;
    for (const { streamId = "" } of streams ?? []) {
      this.streams.wakePlayer(streamId);
      this.streams.reportMuted(streamId);
    }
  }

  private become(reason: RoomReason, code: number, extendedData?: string): void {
    this.machine.become(reason);
    this.events.state(reason, code, extendedData);
  }

  private finish(reason: "LOGIN_FAILED" | "RECONNECT_FAILED" | "KICKOUT" | "LOGOUT", error: ZegoError | null): void {
    // Over first: a handler of what follows may log out, log in again or publish.
    this.machine.become(reason);
    this.options.ended(this);
    this.tokenWatch.stop();
    this.peers.closeAll();
    const loginResult = this.loginResult;
    this.loginResult = null;
    this.streams.end(error);
    this.events.state(reason, error?.errorCode ?? Code.OK, error?.extendedData);
    loginResult?.reject(error ?? new ZegoError(Code.LOGIN_STATE, "The room was left before the log-in was done."));
  }
}
