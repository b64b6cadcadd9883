/**
 * The WebSocket protocol in protobuf's JSON mapping, as far as this SDK uses it: absent fields are default values,
 * 64-bit integers are strings.
 */
export interface WireUser {
  userId?: string;
  userName?: string;
}

export interface WireStream {
  streamId?: string;
  user?: WireUser;
  extraInfo?: string;
  kinds?: string[];
  mutedKinds?: string[];
}

export interface Offer {
  peerConnectionId: string;
  sdp: string;
  tracks: { mid: string; streamId: string }[];
}

/** Each from 0 to 100; absent ones are 0. */
export interface StreamEffects {
  enabled: boolean;
  smoothIntensity?: number;
  whitenIntensity?: number;
  rosyIntensity?: number;
  sharpenIntensity?: number;
}

export type MessageKind =
  "SIGNAL_MESSAGE_KIND_BROADCAST" | "SIGNAL_MESSAGE_KIND_BARRAGE" | "SIGNAL_MESSAGE_KIND_COMMAND";

export interface Login {
  appId: number;
  roomId: string;
  token: string;
  userId: string;
  userName: string;
  userUpdate: boolean;
  maxMemberCount: number;
}

export type ClientBody =
  | { hello: { protocolVersions: number[]; sdkName: string; sdkVersion: string } }
  | { login: Login }
  | { resume: { appId: number; userId: string; sessionId: string; resumeKey: string; lastSequence: string } }
  | { logout: Record<string, never> }
  | { heartbeat: Record<string, never> }
  | { publish: { streamId: string; extraInfo: string; offer: Offer; effects?: StreamEffects; mutedKinds?: string[] } }
  | { unpublish: { streamId: string; offer?: Offer } }
  | { play: { streamId: string; offer: Offer } }
  | { stopPlay: { streamId: string; offer?: Offer } }
  | { closePeerConnection: { peerConnectionId: string } }
  | { sendMessage: { kind: MessageKind; text: string; toUserIds: string[]; messageNumber?: number } }
  | { muteStream: { streamId: string; mutedKinds: string[] } }
  | { setEffects: { streamId: string; effects: StreamEffects } };

export interface Failed {
  code?: number;
  reason?: string;
  message?: string;
  retryable?: boolean;
}

export interface LoggedIn {
  sessionId?: string;
  resumeKey?: string;
  roomSessionId?: string;
  users?: WireUser[];
  streams?: WireStream[];
  heartbeatIntervalMs?: number;
  presenceTtlMs?: number;
  tokenExpiresAtUnixS?: string;
  /** So many messages follow with the other users and streams. */
  pagesToCome?: number;
}

/** What a stream's viewers get. */
export interface EffectsSet {
  state?: "STREAM_EFFECTS_STATE_OFF" | "STREAM_EFFECTS_STATE_ON" | "STREAM_EFFECTS_STATE_UNAVAILABLE";
  /** Why it is unavailable, as a stable kebab-case name. */
  problem?: string;
}

export interface Reply {
  requestId?: number;
  failed?: Failed;
  welcome?: { protocolVersion?: number; serverVersion?: string };
  loggedIn?: LoggedIn;
  resumed?: { roomSessionId?: string; missedCount?: number };
  done?: Record<string, never>;
  answer?: { sdp?: string };
  messageAccepted?: { messageId?: string; sentAtUnixMs?: string };
  effectsSet?: EffectsSet;
}

export interface UsersChanged {
  updateType?: "UPDATE_TYPE_ADD" | "UPDATE_TYPE_DELETE";
  users?: WireUser[];
}

export interface StreamsChanged {
  updateType?: "UPDATE_TYPE_ADD" | "UPDATE_TYPE_DELETE";
  streams?: WireStream[];
  deleteReasons?: number[];
}

export interface MessageReceived {
  kind?: MessageKind;
  messageId?: string;
  fromUser?: WireUser;
  text?: string;
  sentAtUnixMs?: string;
}

export interface ServerMessage {
  sequence?: string;
  reply?: Reply;
  usersChanged?: UsersChanged;
  streamsChanged?: StreamsChanged;
  messageReceived?: MessageReceived;
  loggedOut?: { code?: number; reason?: string };
  peerConnectionLost?: { peerConnectionId?: string; reason?: string };
  goAway?: Record<string, never>;
  streamMuteChanged?: { streamId?: string; mutedKinds?: string[] };
  effectsStateChanged?: EffectsSet & { streamId?: string };
}

export function parseServerMessage(text: unknown): ServerMessage | null {
  if (typeof text !== "string") return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ServerMessage) : null;
  } catch {
    return null;
  }
}
