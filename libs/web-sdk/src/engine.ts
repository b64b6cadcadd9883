// Longer than other files: the class is the whole public interface.
import { makeInternals, makeStateCenter } from "./absent/internals.js";
import { addNotYet, notYetVoid, type NotYetEngine } from "./absent/not-yet.js";
import { DevicesApi } from "./api/devices.js";
import { EffectsApi } from "./api/effects.js";
import { MessagesApi } from "./api/messages.js";
import { PlayApi } from "./api/play.js";
import { PublishApi } from "./api/publish.js";
import { RoomApi } from "./api/room.js";
import { StreamsApi } from "./api/streams.js";
import { allDevices, devicesOf } from "./capture/device-list.js";
import type { ZegoLocalStream } from "./capture/local-stream.js";
import { LocalStreams } from "./capture/local-streams.js";
import { Emitter } from "./emitter.js";
import type {
  ZegoCapabilityDetection,
  ZegoCapabilityType,
  ZegoDeviceInfo,
  ZegoDeviceInfos,
  ZegoEffectsBeautyParam,
  ZegoEngineOptions,
  ZegoEventHandlers,
  ZegoLocalStreamConfig,
  ZegoLogConfig,
  ZegoPlayOption,
  ZegoPublishOption,
  ZegoRoomConfig,
  ZegoServerResponse,
  ZegoStreamOptions,
  ZegoUser,
} from "./entities/index.js";
import { Logger } from "./logger.js";
import type { ZegoStreamView } from "./play/stream-view.js";
import { Views } from "./play/views.js";
import { Rooms } from "./room/rooms.js";
import { Settings } from "./settings.js";
import { checkSystem } from "./system-check.js";
import { VERSION } from "./version.js";

// The interface merges in what `absent/not-yet.ts` puts on the prototype.
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
  readonly logger = new Logger();
  private readonly events = new Emitter<ZegoEventHandlers>();
  private readonly settings = new Settings();
  private readonly rooms = new Rooms();
  private readonly roomApi: RoomApi;
  private readonly messagesApi: MessagesApi;
  private readonly streamsApi: StreamsApi;
  private readonly publishApi: PublishApi;
  private readonly playApi: PlayApi;
  private readonly devicesApi: DevicesApi;
  private readonly effectsApi: EffectsApi;

  constructor(appID: number, server?: string | readonly string[] | null, options?: ZegoEngineOptions) {
    const { events, logger, settings, rooms } = this;
    const views = new Views();
    const locals = new LocalStreams(rooms, views, events, logger);
    settings.setScenario(options?.scenario);
    this.roomApi = new RoomApi(appID, server, rooms, views, settings, events, logger);
    this.messagesApi = new MessagesApi(rooms);
    this.devicesApi = new DevicesApi(locals, events);
    this.streamsApi = new StreamsApi(locals, views, this.devicesApi.watch, settings, logger);
    this.publishApi = new PublishApi(rooms, locals, events, logger);
    this.playApi = new PlayApi(rooms, logger);
    this.effectsApi = new EffectsApi(locals);
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
    this.devicesApi.handlerAdded(event);
    return this.events.on(event, handler);
  }

  off<K extends keyof ZegoEventHandlers>(event: K, handler?: ZegoEventHandlers[K]): boolean {
    return this.events.off(event, handler);
  }

  checkSystemRequirements(type?: ZegoCapabilityType, _level?: number): Promise<ZegoCapabilityDetection> {
    return checkSystem(type);
  }

  setRoomScenario(scenario: number): boolean {
    return this.rooms.isEmpty && this.settings.setScenario(scenario);
  }

  setEngineConfig(config: unknown): boolean {
    return this.settings.configure(config);
  }

  setLogConfig(config: ZegoLogConfig): boolean {
    return this.logger.configure(config);
  }

  setDebugVerbose(enable: boolean): void {
    this.logger.setVerbose(enable);
  }

  destroyEngine(): void {
    this.roomApi.end();
    this.streamsApi.destroyAll();
    this.devicesApi.watch.stop();
    this.events.clear();
  }

  // ---- room ----

  loginRoom(roomID: string, token: string, user: ZegoUser, config: ZegoRoomConfig = {}): Promise<boolean> {
    return this.roomApi.login(roomID, token, user, config);
  }

  logoutRoom(roomID?: string): void {
    this.roomApi.logout(roomID ?? "");
  }

  /** False if it does not have the form of a token, or if there is no log-in to that room. */
  renewToken(token: string, roomID?: string): boolean {
    return this.roomApi.renewToken(token, roomID ?? "");
  }

  // ---- messages ----

  sendBroadcastMessage(roomID: string, message: string): Promise<ZegoServerResponse> {
    return this.messagesApi.send("SIGNAL_MESSAGE_KIND_BROADCAST", roomID, message, []);
  }

  sendBarrageMessage(roomID: string, message: string): Promise<ZegoServerResponse> {
    return this.messagesApi.send("SIGNAL_MESSAGE_KIND_BARRAGE", roomID, message, []);
  }

  sendCustomCommand(roomID: string, command: string, toUserIDList: string[] = []): Promise<ZegoServerResponse> {
    return this.messagesApi.send("SIGNAL_MESSAGE_KIND_COMMAND", roomID, command, toUserIDList ?? []);
  }

  // ---- local streams ----

  createZegoStream(options?: ZegoStreamOptions): Promise<ZegoLocalStream> {
    return this.streamsApi.create(options);
  }

  createStream(source: ZegoLocalStreamConfig = {}): Promise<MediaStream> {
    return this.streamsApi.createMedia(source);
  }

  destroyStream(stream: MediaStream | ZegoLocalStream): void {
    this.streamsApi.destroy(stream);
  }

  /** The track stays the app's own; the one before goes on, so that it can be put back, and ends with the stream. */
  replaceTrack(stream: MediaStream | ZegoLocalStream, track: MediaStreamTrack): Promise<ZegoServerResponse> {
    return this.streamsApi.replaceTrack(stream, track);
  }

  createLocalStreamView(stream: MediaStream | ZegoLocalStream): ZegoStreamView {
    return this.streamsApi.view(stream, true);
  }

  // ---- publish ----

  startPublishingStream(
    streamID: string,
    stream: MediaStream | ZegoLocalStream,
    option: ZegoPublishOption = {},
  ): boolean {
    return this.publishApi.start(streamID, stream, option ?? {});
  }

  stopPublishingStream(streamID: string): boolean {
    return this.publishApi.stop(streamID);
  }

  mutePublishStreamVideo(stream: MediaStream | ZegoLocalStream, mute: boolean, retain = false): boolean {
    return this.publishApi.muteVideo(stream, mute, retain);
  }

  mutePublishStreamAudio(stream: MediaStream | ZegoLocalStream, mute: boolean): boolean {
    return this.publishApi.muteAudio(stream, mute);
  }

  // ---- effects ----

  /**
   * The cloud does it, for everybody who watches; before publishing, it is kept with the stream. Each intensity
   * is 0..100 and 50 if left out. 1103075 in the response: the others see the original for now.
   */
  setEffectsBeauty(
    localStream: MediaStream | ZegoLocalStream,
    enable: boolean,
    options?: ZegoEffectsBeautyParam,
  ): Promise<ZegoServerResponse> {
    return this.effectsApi.setBeauty(localStream, enable, options);
  }

  // ---- play ----

  startPlayingStream(streamID: string, option: ZegoPlayOption = {}): Promise<MediaStream> {
    return this.playApi.start(streamID, option ?? {});
  }

  stopPlayingStream(streamID: string): boolean {
    return this.playApi.stop(streamID);
  }

  createRemoteStreamView(stream: MediaStream): ZegoStreamView {
    return this.streamsApi.view(stream, false);
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
    return this.devicesApi.use(stream, "video", { deviceId: { exact: deviceID } });
  }

  useAudioDevice(stream: MediaStream | ZegoLocalStream, deviceID: string): Promise<ZegoServerResponse> {
    return this.devicesApi.use(stream, "audio", { deviceId: { exact: deviceID } });
  }

  useFrontCamera(stream: MediaStream | ZegoLocalStream, front: boolean): Promise<ZegoServerResponse> {
    return this.devicesApi.use(stream, "video", { facingMode: { exact: front ? "user" : "environment" } });
  }

  useAudioOutputDevice(media: HTMLMediaElement, deviceID: string): Promise<boolean> {
    return this.devicesApi.useOutput(media, deviceID);
  }

  muteMicrophone(mute: boolean): boolean {
    return this.devicesApi.muteMicrophone(mute);
  }

  isMicrophoneMuted(): boolean {
    return this.devicesApi.microphoneMuted;
  }
}

addNotYet(ZegoExpressEngine.prototype, "engine");
