// Longer than other files: the class is the whole public interface. Each method checks its arguments and hands on.
import { toStreamEffects } from "./beauty/effects.js";
import { capture } from "./capture/capture.js";
import { planCapture } from "./capture/plan.js";
import { openInstead, type DeviceChoice } from "./capture/device-switch.js";
import { DeviceWatch } from "./capture/device-watch.js";
import { isScenario } from "./capture/presets.js";
import { troubleCode, watchTrack } from "./capture/track-condition.js";
import { Code } from "./codes.js";
import { allDevices, devicesOf } from "./capture/device-list.js";
import { Emitter } from "./emitter.js";
import {
  ZegoScenario,
  type ZegoCapabilityDetection,
  type ZegoCapabilityType,
  type ZegoDeviceInfo,
  type ZegoDeviceInfos,
  type ZegoEffectsBeautyParam,
  type ZegoEngineOptions,
  type ZegoEventHandlers,
  type ZegoLocalStreamConfig,
  type ZegoLogConfig,
  type ZegoPlayOption,
  type ZegoPublishOption,
  type ZegoRoomConfig,
  type ZegoServerResponse,
  type ZegoStreamOptions,
  type ZegoUser,
} from "./entities/index.js";
import { ZegoError } from "./errors.js";
import { checkMessage, checkRoomId, checkStreamId, checkUserId, checkUserName } from "./ids.js";
import { makeInternals, makeStateCenter } from "./absent/internals.js";
import { openWebSocket, sendBeacon } from "./signaling/link.js";
import { ZegoLocalStream } from "./capture/local-stream.js";
import { Logger } from "./logger.js";
import { addNotYet, notYetVoid, type NotYetEngine } from "./absent/not-yet.js";
import { setSink } from "./play/media-player.js";
import { ZegoStreamView } from "./play/stream-view.js";
import { Room, type RoomSettings } from "./room/room.js";
import { socketUrls } from "./signaling/server-address.js";
import { checkSystem } from "./system-check.js";
import { tokenExpiresAtUnixS } from "./room/token04.js";
import { VERSION } from "./version.js";
import type { SignalMessageKind } from "./signaling/messages.js";

const MAX_APP_ID = 2 ** 32 - 1;
const MAX_EXTRA_INFO_CHARS = 1024;
const DEFAULT_RETRY_MS = 300_000;

// The interface merges in what `not-yet.ts` puts on the prototype.
export interface ZegoExpressEngine extends NotYetEngine {}

/** What an app makes when its page opens: rooms, streams and messages all go through it. */
export class ZegoExpressEngine {
  static readonly version = VERSION;
  static readonly setGeoFence = notYetVoid("setGeoFence");
  static readonly presetLogConfig = notYetVoid("presetLogConfig");
  static readonly setCloudProxyConfig = notYetVoid("setCloudProxyConfig");
  static readonly setLocalProxyConfig = notYetVoid("setLocalProxyConfig");
  static readonly setEngineOptions = notYetVoid("setEngineOptions");

  /** Public pages write to these before they publish. */
  readonly zegoWebRTC = makeInternals(this);
  readonly zegoWebRTM = makeInternals(this);
  readonly stateCenter = makeStateCenter();
  private readonly events = new Emitter<ZegoEventHandlers>();
  readonly logger = new Logger();
  private readonly settings: RoomSettings = { roomRetryTimeMs: DEFAULT_RETRY_MS, avRetryTimeMs: DEFAULT_RETRY_MS };
  private readonly localStreams = new Map<MediaStream, ZegoLocalStream>();
  private readonly views = new Map<MediaStream, ZegoStreamView>();
  private readonly deviceWatch = new DeviceWatch((type, device) => this.deviceChanged(type, device));
  private scenario: number;
  private room: Room | null = null;
  private microphoneMuted = false;
  /** Counts how often the engine was destroyed: what was begun before must not come to life after. */
  private life = 0;
  // Browsers say "kept in the cache" of pages they throw away a moment later: the others must not see a ghost.
  private readonly onPageHide = (): void => this.room?.sleep();
  private readonly onPageShow = (): void => this.room?.wake();

  constructor(
    private readonly appID: number,
    private readonly server?: string | readonly string[] | null,
    options?: ZegoEngineOptions,
  ) {
    const scenario = options?.scenario;
    this.scenario = scenario !== undefined && isScenario(scenario) ? scenario : ZegoScenario.Default;
    globalThis.addEventListener?.("pagehide", this.onPageHide);
    globalThis.addEventListener?.("pageshow", this.onPageShow);
  }

  /** Everything is built in: modules of on-demand builds are taken and need nothing. */
  static use(_module: unknown): boolean {
    return true;
  }

  // ---- engine ----

  getVersion(): string {
    return VERSION;
  }

  on<K extends keyof ZegoEventHandlers>(event: K, handler: ZegoEventHandlers[K]): boolean {
    if (event === "videoDeviceStateChanged" || event === "audioDeviceStateChanged") this.deviceWatch.start();
    return this.events.on(event, handler);
  }

  off<K extends keyof ZegoEventHandlers>(event: K, handler?: ZegoEventHandlers[K]): boolean {
    return this.events.off(event, handler);
  }

  checkSystemRequirements(type?: ZegoCapabilityType, _level?: number): Promise<ZegoCapabilityDetection> {
    return checkSystem(type);
  }

  setRoomScenario(scenario: number): boolean {
    if (this.room !== null || !isScenario(scenario)) return false;
    this.scenario = scenario;
    return true;
  }

  setEngineConfig(config: unknown): boolean {
    if (typeof config !== "string") return true;
    const match = /^\s*(room_retry_time|av_retry_time)\s*=\s*(\d+)\s*$/.exec(config);
    if (match === null) return false;
    const timeMs = Number(match[2]) * 1000;
    if (match[1] === "room_retry_time") this.settings.roomRetryTimeMs = timeMs;
    else this.settings.avRetryTimeMs = timeMs;
    return true;
  }

  setLogConfig(config: ZegoLogConfig): boolean {
    return this.logger.configure(config);
  }

  setDebugVerbose(enable: boolean): void {
    this.logger.setVerbose(enable);
  }

  destroyEngine(): void {
    this.life += 1;
    this.room?.logout();
    for (const stream of [...this.localStreams.values()]) this.destroyStream(stream);
    for (const view of this.views.values()) view.stop();
    this.views.clear();
    globalThis.removeEventListener?.("pagehide", this.onPageHide);
    globalThis.removeEventListener?.("pageshow", this.onPageShow);
    this.deviceWatch.stop();
    this.events.clear();
  }

  // ---- room ----

  async loginRoom(roomID: string, token: string, user: ZegoUser, config: ZegoRoomConfig = {}): Promise<boolean> {
    if (!Number.isInteger(this.appID) || this.appID < 1 || this.appID > MAX_APP_ID) {
      throw new ZegoError(Code.APP_ID_WRONG, "The AppID is not a positive 32-bit number.");
    }
    const wrong = checkRoomId(roomID) ?? checkUserId(user?.userID) ?? checkUserName(user?.userName);
    if (wrong !== null) throw wrong;
    if (typeof token !== "string") throw new ZegoError(Code.TOKEN_FORMAT, "The token is not a string.");
    if (this.room !== null) throw new ZegoError(Code.ROOM_ALREADY_LOGGED_IN, "Another log-in has not ended yet.");
    const urls = socketUrls(this.server);
    if (urls.length === 0) throw new ZegoError(Code.NO_SERVER, "There is no usable server address.");
    const room = new Room({
      urls,
      login: {
        appId: this.appID,
        roomId: roomID,
        token,
        userId: user.userID,
        userName: user.userName ?? user.userID,
        userUpdate: config?.userUpdate === true,
        maxMemberCount: config?.maxMemberCount ?? 0,
      },
      settings: this.settings,
      events: this.events,
      logger: this.logger,
      socketFactory: openWebSocket,
      sendBeacon,
      ended: (over) => {
        if (this.room === over) this.room = null;
      },
      unplayed: (media) => this.unmount(media),
    });
    this.room = room;
    return room.login();
  }

  logoutRoom(roomID?: string): void {
    const room = this.room;
    if (room !== null && (roomID === undefined || roomID === null || roomID === "" || roomID === room.roomID)) {
      room.logout();
      return;
    }
    this.logger.warn("log-out-without-log-in", { err_code: Code.ROOM_NOT_LOGGED_IN });
    this.events.emit("roomStateUpdate", roomID ?? "", "DISCONNECTED", Code.ROOM_NOT_LOGGED_IN, "{}");
    this.events.emit("roomStateChanged", roomID ?? "", "LOGOUT_FAILED", Code.ROOM_NOT_LOGGED_IN, "{}");
  }

  /** False if it does not have the form of a token, or if there is no log-in to that room. */
  renewToken(token: string, roomID?: string): boolean {
    const expiresAtUnixS = tokenExpiresAtUnixS(token);
    const room = this.room;
    if (expiresAtUnixS === null || room === null || (roomID ? roomID !== room.roomID : false)) {
      this.logger.warn("token-not-renewed", { err_code: room === null ? Code.NOT_IN_ROOM : Code.TOKEN_FORMAT });
      return false;
    }
    room.renewToken(token, expiresAtUnixS);
    return true;
  }

  // ---- messages ----

  sendBroadcastMessage(roomID: string, message: string): Promise<ZegoServerResponse> {
    return this.send("SIGNAL_MESSAGE_KIND_BROADCAST", roomID, message, []);
  }

  sendBarrageMessage(roomID: string, message: string): Promise<ZegoServerResponse> {
    return this.send("SIGNAL_MESSAGE_KIND_BARRAGE", roomID, message, []);
  }

  sendCustomCommand(roomID: string, command: string, toUserIDList: string[] = []): Promise<ZegoServerResponse> {
    return this.send("SIGNAL_MESSAGE_KIND_COMMAND", roomID, command, toUserIDList ?? []);
  }

  // ---- local streams ----

  async createZegoStream(options?: ZegoStreamOptions): Promise<ZegoLocalStream> {
    const plan = planCapture(options, this.scenario);
    const life = this.life;
    const captured = options?.autoCapture === false ? { tracks: [], owned: true } : await capture(plan);
    const wishes = plan.source === "camera" ? plan.constraints : {};
    const stream = new ZegoLocalStream(plan.source, plan.encoding, captured.tracks, captured.owned, wishes);
    if (life !== this.life) {
      // Nobody is left to switch the camera off.
      stream.destroy();
      throw new ZegoError(Code.CAPTURE_FAILED, "The engine was destroyed before the device was open.");
    }
    const media = stream.stream;
    if (media !== null) {
      this.localStreams.set(media, stream);
      stream.beauty.connect({
        outlets: () => this.room?.publishersOf(stream) ?? [],
        error: (code, extendedData) => this.events.emit("beautyEffectError", media, code, extendedData),
      });
    }
    if (this.microphoneMuted && plan.source === "camera") stream.mute("audio", "microphone", true);
    if (plan.source === "screen") this.watchScreen(stream);
    else this.watchTracks(stream);
    // Now that the devices may be used, they have names.
    if (plan.source === "camera") this.deviceWatch.refresh(false);
    if (options?.view !== undefined && options.autoPlay !== false) stream.playVideo(options.view);
    if (options?.captureView !== undefined) stream.playCaptureVideo(options.captureView);
    return stream;
  }

  async createStream(source: ZegoLocalStreamConfig = {}): Promise<MediaStream> {
    const { camera, screen, custom } = source ?? {};
    const wantsScreen = screen !== undefined && screen !== false;
    const stream = await this.createZegoStream({
      camera: wantsScreen || custom !== undefined ? undefined : camera,
      screen: wantsScreen ? (screen === true ? {} : screen) : undefined,
      custom,
    });
    if (stream.stream === null) throw new ZegoError(Code.CAPTURE_FAILED, "The stream ended at once.");
    return stream.stream;
  }

  destroyStream(stream: MediaStream | ZegoLocalStream): void {
    const local = this.localOf(stream);
    if (local === null) {
      this.logger.warn("stream-unknown", { err_code: Code.NOT_CREATED_HERE });
      return;
    }
    const media = local.stream;
    local.destroy();
    if (media === null) return;
    this.unmount(media);
    this.localStreams.delete(media);
  }

  /** The track stays the app's own; the one before goes on, so that it can be put back, and ends with the stream. */
  async replaceTrack(stream: MediaStream | ZegoLocalStream, track: MediaStreamTrack): Promise<ZegoServerResponse> {
    const kind = track?.kind;
    if ((kind !== "audio" && kind !== "video") || track.readyState === "ended") {
      throw new ZegoError(Code.PARAMETER, "This is no track, or it has ended.");
    }
    const { local, former } = this.replaceable(stream, kind);
    this.replace(local, former, track, local.isOwn(track));
    return { errorCode: Code.OK, extendedData: "" };
  }

  createLocalStreamView(stream: MediaStream | ZegoLocalStream): ZegoStreamView {
    return this.view(stream, true);
  }

  // ---- publish ----

  startPublishingStream(
    streamID: string,
    stream: MediaStream | ZegoLocalStream,
    option: ZegoPublishOption = {},
  ): boolean {
    const room = this.room;
    const present = room?.publisher(streamID);
    if (present !== undefined) {
      this.logger.warn("publish-refused", { stream_id: streamID, err_code: Code.ALREADY_PUBLISHING });
      // The stream goes on as it was; only this call came to nothing.
      present.tell(new ZegoError(Code.ALREADY_PUBLISHING, "The stream is being published already."));
      return false;
    }
    const local = this.localOf(stream);
    const error = checkStreamId(streamID) ?? this.checkPublish(room, local, option ?? {});
    if (error !== null || room === null || local === null) {
      this.refusePublish(streamID, error ?? new ZegoError(Code.NOT_IN_ROOM, "There is no log-in."));
      return false;
    }
    room.publish(streamID, local, option ?? {});
    return true;
  }

  stopPublishingStream(streamID: string): boolean {
    const publisher = this.room?.publisher(streamID);
    if (publisher === undefined) {
      this.logger.warn("not-publishing", { stream_id: streamID, err_code: Code.NOT_PUBLISHING });
      return false;
    }
    publisher.stop();
    return true;
  }

  mutePublishStreamVideo(stream: MediaStream | ZegoLocalStream, mute: boolean, retain = false): boolean {
    const local = this.localOf(stream);
    if (local === null || local.getVideoTracks().length === 0) return false;
    const publishers = this.room?.publishersOf(local) ?? [];
    if (!mute || !retain) local.mute("video", "publish", mute);
    if (!mute || retain) {
      // Kept with the stream, for whoever publishes it later.
      local.dark = mute;
      for (const publisher of publishers) void publisher.darken(mute);
    }
    this.muteChanged(local);
    return true;
  }

  mutePublishStreamAudio(stream: MediaStream | ZegoLocalStream, mute: boolean): boolean {
    const local = this.localOf(stream);
    if (local === null || local.getAudioTracks().length === 0) return false;
    local.mute("audio", "publish", mute);
    this.muteChanged(local);
    return true;
  }

  // ---- effects ----

  /**
   * The cloud does it, for everybody who watches; before publishing, the wish is kept with the stream. Each intensity
   * is 0..100 and 50 if left out. 1103075 in the response: the others see the original for now.
   */
  async setEffectsBeauty(
    localStream: MediaStream | ZegoLocalStream,
    enable: boolean,
    options?: ZegoEffectsBeautyParam,
  ): Promise<ZegoServerResponse> {
    const local = this.localOf(localStream);
    if (local === null) throw new ZegoError(Code.NOT_CREATED_HERE, "The stream was not made by this engine.");
    if (local.getVideoTracks().length === 0) {
      throw new ZegoError(Code.VIDEO_TRACK_MISSING, "The stream has no video track.");
    }
    return local.beauty.set(toStreamEffects(enable, options));
  }

  // ---- play ----

  async startPlayingStream(streamID: string, option: ZegoPlayOption = {}): Promise<MediaStream> {
    const wrong = checkStreamId(streamID);
    if (wrong !== null) throw wrong;
    const room = this.room;
    if (room === null) throw new ZegoError(Code.NOT_IN_ROOM, "There is no log-in.");
    const present = room.player(streamID);
    // Interrupted, it is played again by itself; asking for it once more is no mistake of the app.
    if (present?.interrupted === true) return present.ready;
    if (present !== undefined) throw new ZegoError(Code.ALREADY_PLAYING, "The stream is being played already.");
    if (option?.video === false && option.audio === false) {
      throw new ZegoError(Code.PLAY_PARAMETER, "Neither audio nor video is wanted.");
    }
    return room.play(streamID, option ?? {});
  }

  stopPlayingStream(streamID: string): boolean {
    const player = this.room?.player(streamID);
    if (player === undefined) {
      this.logger.warn("not-playing", { stream_id: streamID, err_code: Code.NOT_PLAYING });
      return false;
    }
    player.stop();
    return true;
  }

  createRemoteStreamView(stream: MediaStream): ZegoStreamView {
    return this.view(stream, false);
  }

  // ---- devices ----

  enumDevices(): Promise<ZegoDeviceInfos> {
    return allDevices();
  }

  getCameras(): Promise<ZegoDeviceInfo[]> {
    return devicesOf("cameras");
  }

  getMicrophones(): Promise<ZegoDeviceInfo[]> {
    return devicesOf("microphones");
  }

  getSpeakers(): Promise<ZegoDeviceInfo[]> {
    return devicesOf("speakers");
  }

  useVideoDevice(stream: MediaStream | ZegoLocalStream, deviceID: string): Promise<ZegoServerResponse> {
    return this.useDevice(stream, "video", { deviceId: { exact: deviceID } });
  }

  useAudioDevice(stream: MediaStream | ZegoLocalStream, deviceID: string): Promise<ZegoServerResponse> {
    return this.useDevice(stream, "audio", { deviceId: { exact: deviceID } });
  }

  useFrontCamera(stream: MediaStream | ZegoLocalStream, front: boolean): Promise<ZegoServerResponse> {
    return this.useDevice(stream, "video", { facingMode: { exact: front ? "user" : "environment" } });
  }

  async useAudioOutputDevice(media: HTMLMediaElement, deviceID: string): Promise<boolean> {
    try {
      await setSink(media, deviceID);
      return true;
    } catch (thrown) {
      throw new ZegoError(Code.PARAMETER, (thrown as Error).message);
    }
  }

  muteMicrophone(mute: boolean): boolean {
    this.microphoneMuted = mute === true;
    for (const stream of this.localStreams.values()) {
      if (stream.source !== "camera") continue;
      stream.mute("audio", "microphone", this.microphoneMuted);
      this.muteChanged(stream);
    }
    return true;
  }

  isMicrophoneMuted(): boolean {
    return this.microphoneMuted;
  }

  // ---- inside ----

  private async send(
    kind: SignalMessageKind,
    roomID: string,
    text: string,
    toUserIDs: string[],
  ): Promise<ZegoServerResponse> {
    const room = this.room;
    if (room === null) throw new ZegoError(Code.NOT_IN_ROOM, "There is no log-in.");
    if (roomID !== room.roomID) throw new ZegoError(Code.MESSAGE_WRONG_ROOM, "This is not the room of the log-in.");
    const wrong = checkMessage(text) ?? (Array.isArray(toUserIDs) ? firstWrong(toUserIDs) : checkUserId(null));
    if (wrong !== null) throw wrong;
    const reply = await room.send(kind, text, toUserIDs);
    return { errorCode: Code.OK, extendedData: JSON.stringify({ messageID: reply.messageAccepted?.messageId ?? "" }) };
  }

  private checkPublish(room: Room | null, local: ZegoLocalStream | null, option: ZegoPublishOption): ZegoError | null {
    if (room === null || (option.roomID !== undefined && option.roomID !== "" && option.roomID !== room.roomID)) {
      return new ZegoError(Code.NOT_IN_ROOM, "There is no log-in to this room.");
    }
    if (local === null) return new ZegoError(Code.NOT_CREATED_HERE, "The stream was not made by this engine.");
    const tracks = local.getTracks();
    if (tracks.length === 0) return new ZegoError(Code.TRACK_MISSING, "The stream has no tracks.");
    if (tracks.every((track) => track.readyState === "ended")) {
      return new ZegoError(Code.DEVICE_OUT, "All tracks of the stream have ended.");
    }
    const extraInfo: unknown = option.extraInfo ?? "";
    if (typeof extraInfo !== "string") return new ZegoError(Code.PUBLISH_PARAMETER, "The extraInfo is not a string.");
    if (extraInfo.length > MAX_EXTRA_INFO_CHARS) {
      return new ZegoError(Code.EXTRA_INFO_TOO_LONG, "The extraInfo is longer than 1024 characters.");
    }
    return null;
  }

  private refusePublish(streamID: string, error: ZegoError): void {
    this.logger.warn("publish-refused", { stream_id: streamID, err_code: error.errorCode });
    const { errorCode, extendedData } = error;
    this.events.emit("publisherStateUpdate", { streamID, state: "NO_PUBLISH", errorCode, extendedData });
  }

  /** On failure the former track stays. */
  private async useDevice(
    stream: MediaStream | ZegoLocalStream,
    kind: "audio" | "video",
    choice: DeviceChoice,
  ): Promise<ZegoServerResponse> {
    const { local } = this.replaceable(stream, kind);
    if (local.source !== "camera") throw new ZegoError(Code.PARAMETER, "The stream is of no camera or microphone.");
    const wished = local.wishes[kind];
    const track = await openInstead(kind, typeof wished === "object" ? wished : {}, choice);
    let former: MediaStreamTrack;
    try {
      ({ former } = this.replaceable(stream, kind));
    } catch (gone) {
      // Destroyed meanwhile: nobody is left to switch the device off.
      track.stop();
      throw gone;
    }
    this.replace(local, former, track, true);
    local.close(former);
    return { errorCode: Code.OK, extendedData: "" };
  }

  private replaceable(
    stream: MediaStream | ZegoLocalStream,
    kind: "audio" | "video",
  ): { local: ZegoLocalStream; former: MediaStreamTrack } {
    const local = this.localOf(stream);
    if (local === null) throw new ZegoError(Code.NOT_CREATED_HERE, "The stream was not made by this engine.");
    const former = (kind === "audio" ? local.getAudioTracks() : local.getVideoTracks())[0];
    if (former !== undefined) return { local, former };
    const code = kind === "audio" ? Code.AUDIO_TRACK_MISSING : Code.VIDEO_TRACK_MISSING;
    throw new ZegoError(code, `The stream has no ${kind} track.`);
  }

  private replace(local: ZegoLocalStream, former: MediaStreamTrack, track: MediaStreamTrack, own: boolean): void {
    if (track === former) return;
    local.replace(former, track, own);
    this.watchTrackOf(local, track);
    for (const publisher of this.room?.publishersOf(local) ?? []) void publisher.trackReplaced(track);
    this.muteChanged(local);
  }

  private localOf(stream: MediaStream | ZegoLocalStream): ZegoLocalStream | null {
    const media = stream instanceof ZegoLocalStream ? stream.stream : stream;
    return (media && this.localStreams.get(media)) ?? null;
  }

  private watchScreen(stream: ZegoLocalStream): void {
    const track = stream.getVideoTracks()[0];
    track?.addEventListener("ended", () => {
      const media = stream.stream;
      if (media === null || stream.getVideoTracks()[0] !== track) return;
      this.events.emit("screenSharingEnded", media);
      // Nothing more will come: whoever still watches sees it go instead of a frozen picture.
      for (const publisher of this.room?.publishersOf(stream) ?? []) publisher.stop();
      // Many handlers have done that already.
      if (stream.stream !== null) this.destroyStream(stream);
    });
  }

  /** Unplugged, taken by another app, or no longer permitted: the app is told, and the others see black. */
  private watchTracks(stream: ZegoLocalStream): void {
    for (const track of stream.getTracks()) this.watchTrackOf(stream, track);
  }

  private watchTrackOf(stream: ZegoLocalStream, track: MediaStreamTrack): void {
    if (stream.watched.has(track)) return;
    stream.watched.add(track);
    const kind = track.kind as "audio" | "video";
    watchTrack(track, (condition) => {
      if (stream.stream === null || !stream.getTracks().includes(track)) return;
      // A canvas that nobody draws on is held too, and its last picture is meant to stay.
      if (condition === "held" && (stream.source === "custom" || !stream.isOwn(track))) return;
      if (condition === "live") stream.idle.delete(kind);
      else stream.idle.add(kind);
      for (const publisher of this.room?.publishersOf(stream) ?? []) void publisher.sourceChanged(kind);
      this.muteChanged(stream);
      this.logger.warn("track-condition", { kind, condition });
      // A custom track is the app's own: it knows.
      if (condition === "live" || stream.source !== "camera" || !stream.isOwn(track)) return;
      this.events.emit("deviceError", troubleCode(condition, kind), track.label);
    });
  }

  private muteChanged(stream: ZegoLocalStream): void {
    for (const publisher of this.room?.publishersOf(stream) ?? []) publisher.muteChanged();
  }

  private deviceChanged(type: "ADD" | "DELETE", { kind, deviceId, label }: MediaDeviceInfo): void {
    const device = { deviceName: label, deviceID: deviceId };
    if (kind === "videoinput") this.events.emit("videoDeviceStateChanged", type, device);
    else this.events.emit("audioDeviceStateChanged", type, kind === "audioinput" ? "Input" : "Output", device);
  }

  private view(stream: MediaStream | ZegoLocalStream, local: boolean): ZegoStreamView {
    const media = stream instanceof ZegoLocalStream ? stream.stream : stream;
    if (!isMediaStream(media)) throw new ZegoError(Code.NOT_SDK_STREAM, "This is no stream.");
    const present = this.views.get(media) ?? new ZegoStreamView(media, local, this.localOf(media)?.beauty ?? null);
    this.views.set(media, present);
    return present;
  }

  private unmount(media: MediaStream): void {
    this.views.get(media)?.stop();
    this.views.delete(media);
  }
}

function isMediaStream(value: unknown): value is MediaStream {
  return typeof MediaStream === "function" && value instanceof MediaStream;
}

function firstWrong(userIDs: readonly string[]): ZegoError | null {
  return userIDs.map(checkUserId).find((wrong) => wrong !== null) ?? null;
}

addNotYet(ZegoExpressEngine.prototype, "engine");
