import { Code } from "../codes.js";
import { Connection, type ConnectionListener } from "../signaling/connection.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoPlayOption, ZegoPublishOption } from "../entities/index.js";
import { PeerLost, ZegoError } from "../errors.js";
import type { WebSocketFactory } from "../signaling/socket.js";
import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { Logger } from "../logger.js";
import type { Peer } from "../media/peer.js";
import { Peers } from "../media/peers.js";
import { Player, type PlayerPort } from "../media/player.js";
import { Publisher, type PublisherPort } from "../media/publisher.js";
import { StateMachine } from "../state-machine.js";
import type {
  LoggedIn,
  Login,
  SignalMessageKind,
  MessageReceived,
  Reply,
  ServerMessage,
} from "../signaling/messages.js";
import { afterPromises } from "./after-promises.js";
import { deleteReasons, toBarrage, toBroadcast, toStreamListItem } from "./public-shapes.js";
import { OLD_STATE, ROOM_ALLOWED, type RoomReason } from "./room-state.js";
import { TokenWatch } from "./token-watch.js";
import { Roster, toUser, type Change, type RosterStream, type RosterUser } from "./roster.js";

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
  private readonly publishers = new Map<string, Publisher>();
  private readonly players = new Map<string, Player>();
  private readonly tokenWatch = new TokenWatch(() => {
    this.tell(() => this.options.events.emit("tokenWillExpire", this.roomID));
  });
  private settleLogin: { resolve: (done: boolean) => void; reject: (error: ZegoError) => void } | null = null;
  /** Held back until whoever awaits `loginRoom` has gone on; null when nothing is held back. */
  private held: (() => void)[] | null = null;

  constructor(private readonly options: RoomOptions) {
    const { login, urls, settings, socketFactory, sendBeacon, logger } = options;
    this.roomID = login.roomId;
    const retryTimeMs = (): number => settings.roomRetryTimeMs;
    this.connection = new Connection({ urls, login, retryTimeMs, socketFactory, sendBeacon, logger }, this);
    this.peers = new Peers(
      {
        request: (body) => this.connection.request(body),
        peerLost: (peer, error) => this.peerLost(peer, error),
        doubt: () => this.connection.probe(),
      },
      logger,
    );
  }

  get over(): boolean {
    return this.machine.is("LOGIN_FAILED", "RECONNECT_FAILED", "KICKOUT", "LOGOUT");
  }

  login(): Promise<boolean> {
    const result = new Promise<boolean>((resolve, reject) => {
      this.settleLogin = { resolve, reject };
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
    return this.publishers.get(streamID);
  }

  publishersOf(stream: ZegoLocalStream): Publisher[] {
    return [...this.publishers.values()].filter((each) => each.stream === stream);
  }

  publish(streamID: string, stream: ZegoLocalStream, option: ZegoPublishOption): void {
    const publisher = new Publisher(streamID, stream, option, this.publisherPort());
    this.publishers.set(streamID, publisher);
    publisher.start();
  }

  player(streamID: string): Player | undefined {
    return this.players.get(streamID);
  }

  play(streamID: string, option: ZegoPlayOption): Promise<MediaStream> {
    const player = new Player(streamID, option, this.playerPort());
    this.players.set(streamID, player);
    const publisher = this.publishers.get(streamID);
    if (publisher === undefined) player.start();
    // One's own, in the moment that it is published: the relay has it when the publisher is through.
    else void publisher.settled().then(() => player.state === "IDLE" && player.start());
    return player.ready;
  }

  // ---- what the connection tells ----

  loggedIn(loggedIn: LoggedIn): void {
    this.held = [];
    this.become("LOGINED", Code.OK, JSON.stringify({ room_session_id: loggedIn.roomSessionId ?? "" }));
    this.settleLogin?.resolve(true);
    this.settleLogin = null;
    this.applySnapshot(loggedIn);
    // A handler may already have logged out again.
    if (!this.over) this.tokenWatch.expiresAt(Number(loggedIn.tokenExpiresAtUnixS ?? 0));
    afterPromises(() => {
      const held = this.held ?? [];
      this.held = null;
      for (const run of held) run();
    });
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
      this.tellUsers(this.roster.changeUsers(message.usersChanged));
    } else if (message.streamsChanged !== undefined) {
      this.tellStreams(this.roster.changeStreams(message.streamsChanged));
      if (message.streamsChanged.updateType !== "UPDATE_TYPE_DELETE") {
        for (const { streamId = "" } of message.streamsChanged.streams ?? []) {
          this.wakePlayer(streamId);
          this.tell(() => this.tellMuted(streamId));
        }
      }
    } else if (message.messageReceived !== undefined) {
      const received = message.messageReceived;
      this.tell(() => this.tellMessage(received));
    } else if (message.peerConnectionLost !== undefined) {
      this.peers.lostAtRelay(message.peerConnectionLost.peerConnectionId ?? "");
    } else if (message.streamMuteChanged !== undefined) {
      const { streamId = "", mutedKinds = [] } = message.streamMuteChanged;
      this.roster.mute(streamId, mutedKinds);
      this.tell(() => this.tellMuted(streamId));
    } else if (message.effectsStateChanged !== undefined) {
      const { streamId = "", ...state } = message.effectsStateChanged;
      this.publishers.get(streamId)?.stream.beauty.heard(streamId, state);
    }
  }

  // ---- what the app hears ----

  private tell(run: () => void): void {
    const guarded = (): void => {
      if (!this.over) run();
    };
    if (this.held === null) guarded();
    else this.held.push(guarded);
  }

  private applySnapshot(loggedIn: LoggedIn): void {
    if (this.options.login.userUpdate) this.tellUsers(this.roster.replaceUsers(loggedIn.users ?? []));
    this.tellStreams(this.roster.replaceStreams(loggedIn.streams ?? []));
    this.tell(() => {
      for (const streamID of this.players.keys()) this.tellMuted(streamID);
    });
  }

  private tellUsers(change: Change<RosterUser>): void {
    const { events } = this.options;
    this.tell(() => {
      const gone = change.deleted.map(({ item }) => item);
      if (gone.length > 0) events.emit("roomUserUpdate", this.roomID, "DELETE", gone);
      if (change.added.length > 0) events.emit("roomUserUpdate", this.roomID, "ADD", change.added);
    });
  }

  private tellStreams(change: Change<RosterStream>): void {
    const { events } = this.options;
    this.tell(() => {
      if (change.deleted.length > 0) {
        const gone = change.deleted.map(({ item }) => toStreamListItem(item));
        events.emit("roomStreamUpdate", this.roomID, "DELETE", gone, deleteReasons(change.deleted));
        // After the app's handlers: most of them stop playing, and then there is no interruption to tell of.
        for (const { item } of change.deleted) this.interruptPlayer(item.streamID);
      }
      if (change.added.length > 0) {
        events.emit("roomStreamUpdate", this.roomID, "ADD", change.added.map(toStreamListItem), "{}");
        for (const { streamID } of change.added) this.wakePlayer(streamID);
      }
    });
  }

  /** Those who play it; what others play is theirs to know. */
  private tellMuted(streamID: string): void {
    const mutedKinds = this.roster.stream(streamID)?.mutedKinds ?? this.publishers.get(streamID)?.stream.mutedKinds();
    for (const { kind, muted } of this.players.get(streamID)?.learnMuted(mutedKinds ?? []) ?? []) {
      const event = kind === "video" ? "remoteCameraStatusUpdate" : "remoteMicStatusUpdate";
      this.options.events.emit(event, streamID, muted ? "MUTE" : "OPEN");
    }
  }

  private tellMessage(message: MessageReceived): void {
    const { events } = this.options;
    if (message.kind === "SIGNAL_MESSAGE_KIND_BROADCAST") {
      events.emit("IMRecvBroadcastMessage", this.roomID, [toBroadcast(message)]);
    } else if (message.kind === "SIGNAL_MESSAGE_KIND_BARRAGE") {
      events.emit("IMRecvBarrageMessage", this.roomID, [toBarrage(message)]);
    } else if (message.kind === "SIGNAL_MESSAGE_KIND_COMMAND") {
      events.emit("IMRecvCustomCommand", this.roomID, toUser(message.fromUser), message.text ?? "");
    }
  }

  private become(reason: RoomReason, code: number, extendedData?: string): void {
    this.machine.become(reason);
    this.tellState(reason, code, extendedData);
  }

  private tellState(reason: RoomReason, code: number, extendedData = "{}"): void {
    this.options.logger.info("room-state", { room_id: this.roomID, reason, err_code: code });
    this.options.events.emit("roomStateUpdate", this.roomID, OLD_STATE[reason], code, extendedData);
    this.options.events.emit("roomStateChanged", this.roomID, reason, code, extendedData);
  }

  private finish(reason: "LOGIN_FAILED" | "RECONNECT_FAILED" | "KICKOUT" | "LOGOUT", error: ZegoError | null): void {
    // Over first: a handler of what follows may log out, log in again or publish.
    this.machine.become(reason);
    this.options.ended(this);
    this.tokenWatch.stop();
    this.peers.closeAll();
    const settle = this.settleLogin;
    this.settleLogin = null;
    for (const flow of [...this.players.values(), ...this.publishers.values()]) flow.end(error);
    this.tellState(reason, error?.errorCode ?? Code.OK, error?.extendedData);
    settle?.reject(error ?? new ZegoError(Code.LOGIN_STATE, "The room was left before the log-in was done."));
  }

  // ---- streams ----

  private peerLost(peer: Peer, error: PeerLost): void {
    for (const flow of [...this.publishers.values(), ...this.players.values()]) flow.peerLost(peer, error);
  }

  private interruptPlayer(streamID: string): void {
    const gone = new ZegoError(Code.PLAY_INTERRUPTED, "The stream is interrupted.");
    this.players.get(streamID)?.interrupt(gone, true);
  }

  private wakePlayer(streamID: string): void {
    this.players.get(streamID)?.wake();
  }

  private publisherPort(): PublisherPort {
    return {
      peer: (direction) => this.peers.get(direction),
      request: (body) => this.connection.request(body),
      retryTimeMs: () => this.options.settings.avRetryTimeMs,
      publisherState: (state) => this.options.events.emit("publisherStateUpdate", state),
      logInAnew: () => this.connection.logInAnew(),
      // One's own streams are not in the roster: nobody else tells a player of them.
      publisherActive: (publisher) => this.wakePlayer(publisher.streamID),
      mutedChanged: (publisher) => this.tell(() => this.tellMuted(publisher.streamID)),
      publisherEnded: (publisher) => {
        this.publishers.delete(publisher.streamID);
        // Waited for in vain, it is asked for once more, and refused with the reason.
        if (this.players.get(publisher.streamID)?.hasPlayed === false) this.wakePlayer(publisher.streamID);
        else this.interruptPlayer(publisher.streamID);
      },
    };
  }

  private playerPort(): PlayerPort {
    return {
      peer: (direction) => this.peers.get(direction),
      request: (body) => this.connection.request(body),
      retryTimeMs: () => this.options.settings.avRetryTimeMs,
      playerState: (state) => this.options.events.emit("playerStateUpdate", state),
      playerEnded: (player) => {
        this.players.delete(player.streamID);
        this.options.unplayed(player.media);
      },
      playerActive: (player) => this.tell(() => this.tellMuted(player.streamID)),
      isComing: (streamID) => this.publishers.has(streamID),
      kindsOf: (streamID) => this.roster.stream(streamID)?.kinds ?? [],
    };
  }
}
