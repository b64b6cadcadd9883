import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ZegoExpressEngine } from "../src/index.js";
import { WebRTCUtil } from "../src/webrtc-util.js";
import { FakeMediaStream, FakePeerConnection, FakeTrack, installFakeMedia } from "./fake-media.js";
import { FakeServer } from "./fake-socket.js";
import { settle, stopTime } from "./fake-time.js";

beforeEach(() => {
  stopTime();
  installFakeMedia();
});

type Transceiver = { setCodecPreferences?: unknown; sender: Record<string, unknown> };

/** Publishes sound and picture in a browser that `remove` took something away from; gives the states that came. */
async function publish(remove: (transceiver: Transceiver) => void, add = FakePeerConnection.prototype.addTransceiver) {
  const server = new FakeServer();
  class Older extends FakePeerConnection {
    override addTransceiver(kind: string, init: { direction: string }): unknown {
      const made = add.call(this, kind, init) as Transceiver;
      remove(made);
      return made;
    }
  }
  Object.assign(globalThis, {
    RTCPeerConnection: Older,
    WebSocket: function (url: string) {
      return server.factory(url);
    },
  });
  const engine = new ZegoExpressEngine(7, "ws://one/ws");
  engine.setLogConfig({ logLevel: "disable" });
  const states: string[] = [];
  engine.on("publisherStateUpdate", ({ state, errorCode }) => states.push(`${state} ${errorCode}`));
  const source = new FakeMediaStream([new FakeTrack("audio"), new FakeTrack("video")]) as unknown as MediaStream;
  const stream = await engine.createZegoStream({ custom: { video: { source }, audio: { source } } });
  const login = engine.loginRoom("room", "04", { userID: "ann" });
  server.accept();
  await login;
  engine.startPublishingStream("s", stream);
  await settle();
  server.last.reply(server.last.find("publish"), { answer: { sdp: "v=0" } });
  await settle();
  return states;
}

const PUBLISHED = ["PUBLISH_REQUESTING 0", "PUBLISHING 0"];

test("a browser without setCodecPreferences publishes in its own order", async () => {
  assert.deepEqual(await publish((each) => delete each.setCodecPreferences), PUBLISHED);
});

test("a browser whose setCodecPreferences refuses every list publishes in its own order", async () => {
  const refuse = (): never => {
    throw new Error("InvalidModificationError");
  };
  assert.deepEqual(await publish((each) => (each.setCodecPreferences = refuse)), PUBLISHED);
});

test("a browser that names no encodings is given the bitrate all the same", async () => {
  const set: unknown[] = [];
  const states = await publish(({ sender }) => {
    sender["getParameters"] = () => ({});
    sender["setParameters"] = (parameters: { encodings?: unknown }) => {
      set.push(parameters.encodings);
      return Promise.resolve();
    };
  });
  assert.deepEqual(states, PUBLISHED);
  assert.deepEqual(set, [[{ maxBitrate: 48_000 }], [{ maxBitrate: 800_000 }]]);
});

test("a browser without parameters of senders publishes with its own bitrate", async () => {
  assert.deepEqual(await publish(({ sender }) => delete sender["getParameters"]), PUBLISHED);
});

test("a browser that refuses encodings of a new transceiver publishes without them", async () => {
  const real = FakePeerConnection.prototype.addTransceiver;
  const picky = function (this: FakePeerConnection, kind: string, init: { direction: string }): unknown {
    if ("sendEncodings" in init) throw new TypeError("no such member");
    return real.call(this, kind, init);
  };
  assert.deepEqual(await publish(() => undefined, picky), PUBLISHED);
});

test("a browser that does not tell its codecs has the two that every browser must have", () => {
  Object.assign(globalThis, { RTCRtpSender: class {} });
  assert.deepEqual(WebRTCUtil.supportDetection().videoCodec, { H264: true, H265: false, VP8: true, VP9: false });
});
