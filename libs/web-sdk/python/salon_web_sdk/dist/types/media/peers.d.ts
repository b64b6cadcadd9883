import { PeerLost } from "../errors.js";
import type { Logger } from "../logger.js";
import type { ClientBody, Reply } from "../signaling/wire.js";
import { Peer, type PeerDirection } from "./peer.js";
export interface PeersPort {
    request(body: ClientBody): Promise<Reply>;
    peerLost(peer: Peer, error: PeerLost): void;
    /** Media stopped flowing: perhaps the signalling is dead as well. */
    doubt(): void;
}
/** The at most two peer connections of a log-in: one to send, one to receive. */
export declare class Peers {
    private readonly port;
    private readonly logger;
    private readonly current;
    constructor(port: PeersPort, logger: Logger);
    get(direction: PeerDirection): Peer;
    lostAtRelay(peerConnectionID: string): void;
    /** The log-in they belonged to is gone, and with it their other ends. */
    renew(): void;
    closeAll(): void;
    private drop;
    private forget;
}
