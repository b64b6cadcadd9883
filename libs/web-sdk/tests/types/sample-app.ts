// An app as published samples have it, with the types they import and the deep paths they import them from. It is
// compiled against the built declarations, never run.
import { ZegoExpressEngine, WebRTCUtil } from "zego-express-engine-webrtc";
import { ZegoExpressEngine as OnDemandEngine } from "zego-express-engine-webrtc/esm";
import { BeautyEffect } from "zego-express-engine-webrtc/esm/beauty-effect";
import type {
  ZegoCapabilityDetection,
  ZegoDeviceInfo,
  ZegoDeviceInfos,
  ZegoLocalStreamConfig,
  ZegoPlayStats,
  ZegoPlayerState,
  ZegoPublishStats,
  ZegoPublishStreamConfig,
  ZegoPublisherState,
  ZegoServerResponse,
  ZegoSoundLevelInfo,
  ZegoStreamList,
  ZegoWebPlayOption,
  ZegoWebPublishOption,
} from "zego-express-engine-webrtc/sdk/code/zh/ZegoExpressEntity.web";
import type { ZegoBroadcastMessageInfo, ZegoUser } from "zego-express-engine-webrtc/sdk/code/zh/ZegoExpressEntity.d";
import type ZegoLocalStream from "zego-express-engine-webrtc/sdk/code/zh/ZegoLocalStream.web";
import type ZegoStreamView from "zego-express-engine-webrtc/sdk/code/zh/ZegoStreamView.web";
import type { ZegoStreamOptions } from "zego-express-engine-webrtc/sdk/src/common/zego.entity.web";
import type { ZegoUser as CommonUser } from "zego-express-engine-webrtc/sdk/src/common/zego.entity";

type InferredLocalStream = Awaited<ReturnType<ZegoExpressEngine["createZegoStream"]>>;

const zg = new ZegoExpressEngine(1234567890, "wss://example.org/ws", { scenario: 4 });
const spares = new ZegoExpressEngine(1234567890, ["wss://one.example/ws", "wss://two.example/ws"]);
ZegoExpressEngine.use(BeautyEffect);
OnDemandEngine.use(BeautyEffect);
const supported: boolean = WebRTCUtil.supportDetection().webRTC;

zg.on("roomStateUpdate", (roomID, state, errorCode, extendedData) => {
  if (state === "DISCONNECTED" && errorCode !== 0) console.error(roomID, JSON.parse(extendedData));
});
zg.on("roomStateChanged", (roomID, reason, errorCode) => {
  if (reason === "KICKOUT" || reason === "RECONNECT_FAILED") console.error(roomID, errorCode.toFixed());
});
zg.on("roomUserUpdate", (_roomID, updateType, userList) => {
  const names: string[] = userList.map((user: ZegoUser) => user.userName ?? user.userID);
  if (updateType === "ADD") console.log(names);
});
zg.on(
  "roomStreamUpdate",
  async (roomID: string, updateType: "ADD" | "DELETE", streamList: ZegoStreamList[], extendedData?: string) => {
    for (const { streamID, user, extraInfo, urlsFLV } of streamList) {
      if (updateType === "DELETE") {
        zg.stopPlayingStream(streamID);
        continue;
      }
      const option: ZegoWebPlayOption = { video: true, audio: true, jitterBufferTarget: 200 };
      const remote: MediaStream = await zg.startPlayingStream(streamID, option);
      const view: ZegoStreamView = zg.createRemoteStreamView(remote);
      view.play("remote", { objectFit: "cover", enableAutoplayDialog: true });
      view.on("autoplayFailed", () => view.resume());
      console.log(roomID, user.userID, extraInfo, urlsFLV?.replace("http:", "https:"), extendedData);
    }
  },
);
zg.on("publisherStateUpdate", (result: ZegoPublisherState) => console.log(result.state, result.errorCode));
zg.on("playerStateUpdate", ({ streamID, state }: ZegoPlayerState) => console.log(streamID, state === "NO_PLAY"));
zg.on("publishQualityUpdate", (streamID, stats) => {
  console.log(streamID, stats.video.videoPacketsLostRate.toFixed(2), stats.audio.audioBitrate);
});
zg.on("playQualityUpdate", (streamID: string, stats: ZegoPlayStats) => console.log(streamID, stats.video.frameWidth));
zg.on("soundLevelUpdate", (list) => list.forEach((each: ZegoSoundLevelInfo) => console.log(each.soundLevel)));
zg.on("remoteCameraStatusUpdate", (streamID, status) => console.log(streamID, status === "OPEN"));
zg.on("videoDeviceStateChanged", (updateType, device: ZegoDeviceInfo) => console.log(updateType, device.deviceName));
zg.on("tokenWillExpire", (roomID) => zg.renewToken("04", roomID));
zg.on("IMRecvBroadcastMessage", (_roomID: string, info: ZegoBroadcastMessageInfo[]) => {
  for (const { fromUser, message, sendTime, messageID } of info)
    console.log(fromUser.userID, message, sendTime, messageID);
});
zg.on("IMRecvBarrageMessage", (_roomID, info) => console.log(info[0]?.messageID.length));
zg.on("IMRecvCustomCommand", (_roomID, fromUser, command) => console.log(fromUser.userName, JSON.parse(command)));
zg.on("screenSharingEnded", (stream) => zg.destroyStream(stream));
zg.on("beautyEffectError", (stream, errorCode) => console.log(stream.id, errorCode));
zg.off("roomStateUpdate");

export async function call(user: CommonUser): Promise<void> {
  const able: ZegoCapabilityDetection = await zg.checkSystemRequirements();
  const one = await zg.checkSystemRequirements("screenSharing");
  console.log(supported, able.videoCodec.VP8, able.errInfo.camera?.name, one.result, zg.getVersion() < "2.17.0");
  const done: boolean = await zg.loginRoom("room", "04", user, { userUpdate: true, maxMemberCount: 10 });

  const options: ZegoStreamOptions = {
    camera: {
      video: { input: "id", quality: 4, width: 640, height: { ideal: 480 }, frameRate: 15 },
      audio: { input: "id", ANS: true, AGC: true, AEC: true },
    },
    videoBitrate: 800,
    audioBitrate: 48,
  };
  const local: ZegoLocalStream = await zg.createZegoStream(options);
  const inferred: InferredLocalStream = await zg.createZegoStream();
  local.playVideo(document.querySelector<HTMLElement>("#local")!, { mirror: true, objectFit: "cover" });
  local.on("canPlayVideo", () => console.log(local.stream?.id, local.getVideoTracks()[0]?.readyState));
  inferred.playAudio();
  const option: ZegoWebPublishOption = { videoCodec: "VP8", extraInfo: JSON.stringify({ role: 1 }) };
  const ok: boolean = zg.startPublishingStream("camera", local, option);

  const screen = await zg.createZegoStream({ screen: { audio: false, videoQuality: 4 } });
  const newer = await zg.createZegoStream({
    screen: { video: { quality: 4, frameRate: 15, width: 1280, height: 720 }, audio: false },
    videoBitrate: 1500,
  });
  const config: ZegoPublishStreamConfig = { videoCodec: "VP8" };
  console.log(await zg.startPublishingStream("screen", screen, config), newer.active);
  const custom = await zg.createZegoStream({ custom: { video: { source: new MediaStream() } } });
  const flat: ZegoLocalStreamConfig = { camera: { audio: true, video: true, videoQuality: 3, facingMode: "user" } };
  const old: MediaStream = await zg.createStream(flat);
  zg.createLocalStreamView(old).play("local");
  zg.createLocalStreamView(custom).play(document.body);
  zg.startPublishingStream("old", old);

  const sent: ZegoServerResponse = await zg.sendBroadcastMessage("room", "hello");
  await zg.sendBarrageMessage("room", "hello");
  await zg.sendCustomCommand("room", JSON.stringify({ type: 1 }), ["bob"]);
  const beauty = { smoothIntensity: 50, whitenIntensity: 50, rosyIntensity: 50, sharpenIntensity: 50 };
  const effect: ZegoServerResponse = await zg.setEffectsBeauty(local, true, beauty);
  await zg.setEffectsBeauty(old, true, { smoothIntensity: 80 });
  await zg.setEffectsBeauty(old, false);
  const devices: ZegoDeviceInfos = await zg.enumDevices();
  const cameras: ZegoDeviceInfo[] = await zg.getCameras();
  await zg.useVideoDevice(local, cameras[0]?.deviceID ?? "");
  const muted: boolean = zg.mutePublishStreamVideo(local, true) && zg.muteMicrophone(true);
  const quiet: boolean = await zg.mutePlayStreamAudio("other", true);
  const stats: ZegoPublishStats | null = zg.getPublishingStreamQuality("camera");
  zg.setSoundLevelDelegate(true, 1000);
  zg.setDebugVerbose(false);
  zg.setLogConfig({ logLevel: "disable", remoteLogLevel: "disable" });

  const isSuccess: boolean = zg.stopPlayingStream("other");
  const stopped: boolean = zg.stopPublishingStream("camera");
  zg.destroyStream(local);
  zg.logoutRoom("room");
  zg.destroyEngine();
  console.log(done, ok, sent.errorCode, effect.extendedData, devices.speakers, muted, quiet, stats?.video.videoFPS);
  console.log(isSuccess, stopped, spares);
}
