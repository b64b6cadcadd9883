import type { ClientMessageBody, LoggedIn, Login, Resume, ServerMessage } from "./messages.js";

/**
 * One user in one room, as the server knows it, across connections: with which token it was made, what resumes it, and
 * up to where its events were seen.
 */
export class LogIn {
  /** The newest that the app gave. */
  private token: string;
  /** The one that the present log-in was made with. */
  private tokenInUse = "";
  private session: { sessionId: string; resumeKey: string } | null = null;
  /** The reply to a log-in, while the pages that belong to it are on their way. */
  private arriving: LoggedIn | null = null;
  private lastSequence = 0n;
  /** What a resumed connection sends up to here was seen before the old one was lost. */
  private seenSequence = 0n;

  constructor(private readonly login: Required<Login>) {
    this.token = login.token;
  }

  /** It can be resumed. */
  get isHeld(): boolean {
    return this.session !== null;
  }

  get hasNewerToken(): boolean {
    return this.token !== this.tokenInUse;
  }

  /** For every log-in from now on. */
  renewToken(token: string): void {
    this.token = token;
  }

  /** It is over: the next connection makes another one. */
  forget(): void {
    this.session = null;
  }

  /** What a new connection begins with. */
  request(): ClientMessageBody {
    if (this.session !== null) return { resume: { ...this.key(this.session), lastSequence: `${this.lastSequence}` } };
    this.tokenInUse = this.token;
    return { login: { ...this.login, token: this.token } };
  }

  /** What ends it without a connection; null if there is none to end. */
  farewell(): Resume | null {
    return this.session === null ? null : this.key(this.session);
  }

  /** The reply to the log-in. The log-in, once it is complete; null while pages of it are still to come. */
  begin(loggedIn: LoggedIn, sequence: string | undefined): LoggedIn | null {
    // It starts from its own snapshot.
    this.lastSequence = BigInt(sequence ?? 0);
    return this.completed(loggedIn);
  }

  /** The same for a page that follows; undefined for any other message. */
  addPage({ usersChanged, streamsChanged }: ServerMessage): LoggedIn | null | undefined {
    const loggedIn = this.arriving;
    if (loggedIn === null || (usersChanged ?? streamsChanged) === undefined) return undefined;
    return this.completed({
      ...loggedIn,
      users: [...(loggedIn.users ?? []), ...(usersChanged?.users ?? [])],
      streams: [...(loggedIn.streams ?? []), ...(streamsChanged?.streams ?? [])],
      pagesToCome: (loggedIn.pagesToCome ?? 0) - 1,
    });
  }

  /** Whether the message was not seen before the last connection was lost. Keeps the highest sequence. */
  isNew(message: ServerMessage): boolean {
    const sequence = BigInt(message.sequence ?? 0);
    if (sequence !== 0n && sequence <= this.seenSequence) return false;
    if (sequence > this.lastSequence) this.lastSequence = sequence;
    return true;
  }

  /** Pages on their way are lost with the connection: then it is made again. */
  connectionClosed(): void {
    this.arriving = null;
  }

  /** What the next connection repeats up to here was seen. */
  markSeen(): void {
    this.seenSequence = this.lastSequence;
  }

  private completed(loggedIn: LoggedIn): LoggedIn | null {
    const { sessionId = "", resumeKey = "", pagesToCome = 0 } = loggedIn;
    this.arriving = pagesToCome > 0 ? loggedIn : null;
    if (this.arriving !== null) return null;
    this.session = { sessionId, resumeKey };
    this.seenSequence = 0n;
    return loggedIn;
  }

  private key(session: { sessionId: string; resumeKey: string }): Resume {
    return { appId: this.login.appId, userId: this.login.userId, ...session };
  }
}
