import { ZegoError } from "../errors.js";
import { type SocketFactory } from "./link.js";
import type { Logger } from "../logger.js";
import type { ClientBody, LoggedIn, Login, Reply, ServerMessage } from "./wire.js";
export interface ConnectionListener {
    loggedIn(loggedIn: LoggedIn): void;
    /** Not told while a single quick reconnect repairs it, as after a server's `goAway`. */
    reconnecting(code: number): void;
    /** `fresh` is set if the old log-in was gone and a new one took its place. */
    reconnected(fresh: LoggedIn | null): void;
    message(message: ServerMessage): void;
    /** The end, unless this side closed it. */
    closed(error: ZegoError): void;
}
export interface ConnectionOptions {
    urls: readonly string[];
    login: Login;
    retryTimeMs: () => number;
    socketFactory: SocketFactory;
    /** Sends a text that arrives even if the page is gone by then. */
    sendBeacon: (url: string, text: string) => void;
    logger: Logger;
}
/** The signalling of one log-in: over however many WebSockets it takes. */
export declare class Connection {
    private readonly options;
    private readonly listener;
    private readonly machine;
    private readonly pending;
    private readonly schedule;
    private link;
    private urlIndex;
    private handshakeId;
    /** The newest that the app gave. */
    private token;
    /** The one that the present log-in was made with. */
    private tokenInUse;
    /** The reply to a log-in, while the pages that belong to it are on their way. */
    private arriving;
    private session;
    private lastSequence;
    /** What a resumed connection sends up to here was seen before the old one was lost. */
    private seenSequence;
    private heartbeatMs;
    private deadlineMs;
    private readySinceMs;
    private quietAttempt;
    private asleep;
    /** It slept from a good state: nobody was told yet that it is not connected. */
    private untold;
    private lastError;
    private probeId;
    private readonly timers;
    private readonly onOnline;
    constructor(options: ConnectionOptions, listener: ConnectionListener);
    start(): void;
    /** Waits for the log-in or a reconnect if need be; repeated if its reply was lost with the connection. */
    request(body: ClientBody): Promise<Reply>;
    /** Asks whether the other side is still there, when something suggests that it is not. */
    probe(): void;
    /** For every log-in from now on. */
    renewToken(token: string): void;
    /**
     * Logs in with the newest token, in place of the log-in whose token has ended. False if there is no newer one. What
     * was published and played is so again afterwards, as after any lost log-in.
     */
    logInAnew(): boolean;
    /** Says good-bye and closes. */
    logout(): void;
    /** The page goes away, for good or into the browser's cache: good-bye all the same, for nobody can tell which. */
    sleep(): void;
    /** The page came back: logs in anew. */
    wake(): void;
    private sayGoodBye;
    /** Without a socket: Firefox has closed it before it says that the page goes away. */
    private sendGoodBye;
    private open;
    private greet;
    private awaitHandshake;
    private received;
    private replied;
    private pageArrived;
    /** The log-in is complete with the last of its pages; until then a lost connection means to log in again. */
    private arrived;
    private ready;
    private handshakeFailed;
    private sentAway;
    private loggedOut;
    /** The socket, or the attempt to open one, came to nothing. */
    private lost;
    private reconnect;
    /** The network is back: no reason to wait any longer, and a socket from before it went may be dead. */
    private hurry;
    private flush;
    private heartbeat;
    private fail;
    private end;
    private closeLink;
    private setTimer;
    private clearTimer;
}
