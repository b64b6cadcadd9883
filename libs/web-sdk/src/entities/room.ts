export interface ZegoUser {
  userID: string;
  userName?: string;
}

export interface ZegoRoomConfig {
  userUpdate?: boolean;
  maxMemberCount?: number;
}

export interface ZegoStreamList {
  streamID: string;
  user: ZegoUser;
  extraInfo: string;
  urlsFLV: string;
  urlsRTMP: string;
  urlsHLS: string;
  urlsHttpsFLV: string;
  urlsHttpsHLS: string;
}

export type ZegoUpdateType = "ADD" | "DELETE";

export type ZegoRoomState = "DISCONNECTED" | "CONNECTING" | "CONNECTED";

export type ZegoRoomStateChangedReason =
  | "LOGINING"
  | "LOGINED"
  | "LOGIN_FAILED"
  | "RECONNECTING"
  | "RECONNECTED"
  | "RECONNECT_FAILED"
  | "KICKOUT"
  | "LOGOUT"
  | "LOGOUT_FAILED";

export interface ZegoRoomExtraInfo {
  key: string;
  value: string;
  updateUser: ZegoUser;
  updateTime: number;
}
