import { Code } from "../codes.js";
import { PeerLost } from "../errors.js";
import type { Logger } from "../logger.js";
import type { ClientMessageBody, Reply } from "../signaling/messages.js";
import { Peer, type PeerDirection } from "./peer.js";

export interface PeersPort {
  request(body: ClientMessageBody): Promise<Reply>;
  peerLost(peer: Peer, error: PeerLost): void;
  /** Media stopped flowing: perhaps the signalling is dead as well. */
  doubt(): void;
}

/** The at most two peer connections of a log-in: one to send, one to receive. */
export class Peers {
  private readonly current: Record<PeerDirection, Peer | null> = { sendonly: null, recvonly: null };

  constructor(
    private readonly port: PeersPort,
    private readonly logger: Logger,
  ) {}

  get(direction: PeerDirection): Peer {
    const present = this.current[direction];
    if (present !== null && !present.lost) return present;
    const peer: Peer = new Peer(
      direction,
      this.logger,
      (lost, error) => {
        this.forget(lost, error);
        // Nobody waits for the reply: if the relay has lost it too, there is nothing to close.
        this.port.request({ closePeerConnection: { peerConnectionId: lost.id } }).catch(() => undefined);
      },
      () => this.port.doubt(),
    );
    this.current[direction] = peer;
    return peer;
  }

  lostAtRelay(peerConnectionID: string): void {
    for (const peer of [this.current.sendonly, this.current.recvonly]) {
      if (peer?.id === peerConnectionID) this.drop(peer, "The relay lost the media connection.");
    }
  }

  /** The log-in they belonged to is gone, and with it their other ends. */
  renew(): void {
    for (const peer of [this.current.sendonly, this.current.recvonly]) {
      if (peer !== null) this.drop(peer, "The log-in was renewed.");
    }
  }

  closeAll(): void {
    for (const direction of ["sendonly", "recvonly"] as const) {
      this.current[direction]?.close(new PeerLost(Code.SOCKET_CLOSED, "The log-in has ended."));
      this.current[direction] = null;
    }
  }

  private drop(peer: Peer, sentence: string): void {
    const error = new PeerLost(
      peer.direction === "sendonly" ? Code.PUBLISH_SOCKET_LOST : Code.PLAY_MEDIA_LOST,
      sentence,
    );
    peer.close(error);
    this.forget(peer, error);
  }

  private forget(peer: Peer, error: PeerLost): void {
    if (this.current[peer.direction] === peer) this.current[peer.direction] = null;
    this.logger.warn("peer-connection-lost", { peer_connection_id: peer.id, err_code: error.errorCode });
    this.port.peerLost(peer, error);
  }
}
