// Generated from salon/room/v1/signal.proto (`make proto`). Absent fields have their default values.

export type SignalMessageKind =
  | "SIGNAL_MESSAGE_KIND_BROADCAST"
  | "SIGNAL_MESSAGE_KIND_BARRAGE"
  | "SIGNAL_MESSAGE_KIND_COMMAND";

export type UpdateType =
  | "UPDATE_TYPE_ADD"
  | "UPDATE_TYPE_DELETE";

export type StreamEffectsState =
  | "STREAM_EFFECTS_STATE_OFF"
  | "STREAM_EFFECTS_STATE_ON"
  | "STREAM_EFFECTS_STATE_UNAVAILABLE";

export interface ClientMessage {
  requestId?: number;
  hello?: Hello;
  login?: Login;
  resume?: Resume;
  logout?: Logout;
  heartbeat?: Heartbeat;
  publish?: Publish;
  unpublish?: Unpublish;
  play?: Play;
  stopPlay?: StopPlay;
  closePeerConnection?: ClosePeerConnection;
  sendMessage?: SendMessage;
  setEffects?: SetEffects;
  muteStream?: MuteStream;
}

export interface Hello {
  protocolVersions?: number[];
  sdkName?: string;
  sdkVersion?: string;
}

export interface Login {
  appId?: number;
  roomId?: string;
  token?: string;
  userId?: string;
  userName?: string;
  userUpdate?: boolean;
  maxMemberCount?: number;
}

export interface Resume {
  appId?: number;
  userId?: string;
  sessionId?: string;
  resumeKey?: string;
  lastSequence?: string | number;
}

export type Logout = Record<string, never>;

export type Heartbeat = Record<string, never>;

export interface Offer {
  peerConnectionId?: string;
  sdp?: string;
  tracks?: OfferedTrack[];
}

export interface OfferedTrack {
  mid?: string;
  streamId?: string;
}

export interface Publish {
  streamId?: string;
  extraInfo?: string;
  offer?: Offer;
  effects?: StreamEffects;
  mutedKinds?: string[];
}

export interface Unpublish {
  streamId?: string;
  offer?: Offer;
}

export interface Play {
  streamId?: string;
  offer?: Offer;
}

export interface StopPlay {
  streamId?: string;
  offer?: Offer;
}

export interface ClosePeerConnection {
  peerConnectionId?: string;
}

export interface StreamEffects {
  enabled?: boolean;
  smoothIntensity?: number;
  whitenIntensity?: number;
  rosyIntensity?: number;
  sharpenIntensity?: number;
}

export interface SetEffects {
  streamId?: string;
  effects?: StreamEffects;
}

export interface MuteStream {
  streamId?: string;
  mutedKinds?: string[];
}

export interface SendMessage {
  kind?: SignalMessageKind;
  text?: string;
  toUserIds?: string[];
  messageNumber?: string | number;
}

export interface ServerMessage {
  sequence?: string;
  reply?: Reply;
  usersChanged?: UsersChanged;
  streamsChanged?: StreamsChanged;
  messageReceived?: MessageReceived;
  loggedOut?: LoggedOut;
  peerConnectionLost?: PeerConnectionLost;
  goAway?: GoAway;
  effectsStateChanged?: EffectsStateChanged;
  streamMuteChanged?: StreamMuteChanged;
}

export interface Reply {
  requestId?: number;
  failed?: Failed;
  welcome?: Welcome;
  loggedIn?: LoggedIn;
  resumed?: Resumed;
  done?: Done;
  answer?: Answer;
  messageAccepted?: MessageAccepted;
  effectsSet?: EffectsSet;
}

export interface Failed {
  code?: number;
  reason?: string;
  message?: string;
  retryable?: boolean;
}

export interface Welcome {
  protocolVersion?: number;
  serverVersion?: string;
}

export interface LoggedIn {
  sessionId?: string;
  resumeKey?: string;
  roomSessionId?: string;
  users?: User[];
  streams?: Stream[];
  heartbeatIntervalMs?: number;
  presenceTtlMs?: number;
  tokenExpiresAtUnixS?: string;
  pagesToCome?: number;
}

export interface Resumed {
  roomSessionId?: string;
  missedCount?: number;
}

export type Done = Record<string, never>;

export interface Answer {
  sdp?: string;
}

export interface MessageAccepted {
  messageId?: string;
  sentAtUnixMs?: string;
}

export interface User {
  userId?: string;
  userName?: string;
}

export interface Stream {
  streamId?: string;
  user?: User;
  extraInfo?: string;
  kinds?: string[];
  mutedKinds?: string[];
}

export interface UsersChanged {
  updateType?: UpdateType;
  users?: User[];
}

export interface StreamsChanged {
  updateType?: UpdateType;
  streams?: Stream[];
  deleteReasons?: number[];
}

export interface MessageReceived {
  kind?: SignalMessageKind;
  messageId?: string;
  fromUser?: User;
  text?: string;
  sentAtUnixMs?: string;
}

export interface LoggedOut {
  code?: number;
  reason?: string;
}

export interface PeerConnectionLost {
  peerConnectionId?: string;
  reason?: string;
}

export type GoAway = Record<string, never>;

export interface EffectsSet {
  state?: StreamEffectsState;
  problem?: string;
  version?: number;
}

export interface StreamMuteChanged {
  streamId?: string;
  mutedKinds?: string[];
}

export interface EffectsStateChanged {
  streamId?: string;
  state?: StreamEffectsState;
  problem?: string;
  version?: number;
}

export type ClientMessageBody =
  | { hello: Hello }
  | { login: Login }
  | { resume: Resume }
  | { logout: Logout }
  | { heartbeat: Heartbeat }
  | { publish: Publish }
  | { unpublish: Unpublish }
  | { play: Play }
  | { stopPlay: StopPlay }
  | { closePeerConnection: ClosePeerConnection }
  | { sendMessage: SendMessage }
  | { setEffects: SetEffects }
  | { muteStream: MuteStream };
