import type { ZegoLocalStream } from "../capture/local-stream.js";
import { Code } from "../codes.js";
import type { Emitter } from "../emitter.js";
import type { ZegoEventHandlers, ZegoPlayOption, ZegoPublishOption } from "../entities/index.js";
import { type PeerLost, ZegoError } from "../errors.js";
import type { FlowPort } from "../media/flow.js";
import type { Peer } from "../media/peer.js";
import { Player, type PlayerPort } from "../media/player.js";
import { Publisher, type PublisherPort } from "../media/publisher.js";
import type { RoomEvents } from "./room-events.js";
import type { Roster } from "./roster.js";

/** The streams that go out and in over one log-in. */
export class RoomStreams {
  private readonly publishers = new Map<string, Publisher>();
  private readonly players = new Map<string, Player>();

  constructor(
    private readonly port: FlowPort & Pick<PublisherPort, "logInAnew">,
    private readonly roster: Roster,
    private readonly queue: RoomEvents,
    private readonly events: Emitter<ZegoEventHandlers>,
    private readonly unplayed: (media: MediaStream) => void,
  ) {}

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
    else void publisher.negotiated().then(() => player.state === "IDLE" && player.start());
    return player.ready;
  }

  /** The stream may be there (again). */
  wakePlayer(streamID: string): void {
    this.players.get(streamID)?.wake();
  }

  /** The stream is not there for now. */
  interruptPlayer(streamID: string): void {
    const gone = new ZegoError(Code.PLAY_INTERRUPTED, "The stream is interrupted.");
    this.players.get(streamID)?.interrupt(gone, true);
  }

  peerLost(peer: Peer, error: PeerLost): void {
    for (const flow of [...this.publishers.values(), ...this.players.values()]) flow.peerLost(peer, error);
  }

  /** To those who play it; what others play is theirs to know. */
  reportMuted(streamID: string): void {
    this.queue.queue(() => this.emitMuted(streamID));
  }

  reportAllMuted(): void {
    this.queue.queue(() => {
      for (const streamID of this.players.keys()) this.emitMuted(streamID);
    });
  }

  end(error: ZegoError | null): void {
    for (const flow of [...this.players.values(), ...this.publishers.values()]) flow.end(error);
  }

  private emitMuted(streamID: string): void {
    const mutedKinds = this.roster.stream(streamID)?.mutedKinds ?? this.publishers.get(streamID)?.stream.mutedKinds();
    for (const { kind, muted } of this.players.get(streamID)?.learnMuted(mutedKinds ?? []) ?? []) {
      const event = kind === "video" ? "remoteCameraStatusUpdate" : "remoteMicStatusUpdate";
      this.events.emit(event, streamID, muted ? "MUTE" : "OPEN");
    }
  }

  private publisherPort(): PublisherPort {
    return {
      ...this.port,
      publisherState: (state) => this.events.emit("publisherStateUpdate", state),
      // One's own streams are not in the roster: nobody else tells a player of them.
      publisherActive: (publisher) => this.wakePlayer(publisher.streamID),
      mutedChanged: (publisher) => this.reportMuted(publisher.streamID),
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
      ...this.port,
      playerState: (state) => this.events.emit("playerStateUpdate", state),
      playerEnded: (player) => {
        this.players.delete(player.streamID);
        this.unplayed(player.media);
      },
      playerActive: (player) => this.reportMuted(player.streamID),
      isComing: (streamID) => this.publishers.has(streamID),
      kindsOf: (streamID) => this.roster.stream(streamID)?.kinds ?? [],
    };
  }
}
