export interface ZegoPublishOption {
  videoCodec?: "H264" | "VP8" | "H265";
  extraInfo?: string;
  roomID?: string;
  streamParams?: string;
  isSEIStart?: boolean;
  SEIType?: number;
  enableDTX?: boolean;
  inspectFlag?: number;
  enableTrafficControl?: boolean;
  trafficControlFocusOnMode?: number;
  trafficControlMinVideoBitrate?: number;
  trafficControlMinVideoMode?: number;
  enableAutoSwitchVideoCodec?: boolean;
  forceSynchronousNetworkTime?: number;
}

export interface ZegoPublisherState {
  streamID: string;
  state: "PUBLISHING" | "NO_PUBLISH" | "PUBLISH_REQUESTING";
  errorCode: number;
  extendedData: string;
}

/** Names that apps import for the same thing. */
export type ZegoWebPublishOption = ZegoPublishOption;

export type ZegoPublishStreamConfig = ZegoPublishOption;
