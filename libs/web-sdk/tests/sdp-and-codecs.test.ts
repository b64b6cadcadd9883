import assert from "node:assert/strict";
import { test } from "node:test";
import { withFormatParameters } from "../src/media/answer-sdp.js";
import { sendCodecPreferences } from "../src/media/codecs.js";

const codec = (mimeType: string, sdpFmtpLine?: string): RTCRtpCodec => ({ mimeType, clockRate: 90000, sdpFmtpLine });
const VP8 = codec("video/VP8");
const RTX = codec("video/rtx");
const HIGH = codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640034");
const BASE = codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
const MODE0 = codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f");

test("one codec and its retransmission; what every decoder takes comes first", () => {
  assert.deepEqual(sendCodecPreferences("VP8", [VP8, RTX, HIGH, BASE]), [VP8, RTX]);
  assert.deepEqual(sendCodecPreferences("H264", [VP8, RTX, MODE0, HIGH, BASE]), [BASE, HIGH, MODE0, RTX]);
});

test("VP8 where H264 cannot be encoded", () => {
  assert.deepEqual(sendCodecPreferences("H264", [VP8, RTX]), [VP8, RTX]);
});

const SDP = [
  "v=0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10",
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98",
  "a=mid:1",
  "a=rtpmap:96 VP8/90000",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:98 H264/90000",
  "a=fmtp:98 packetization-mode=1",
  "",
].join("\r\n");

test("format parameters go to the named codecs of one section only", () => {
  const lines = withFormatParameters(SDP, "1", ["vp8", "h264"], { "x-google-start-bitrate": 900 }).split("\r\n");
  assert.ok(lines.includes("a=fmtp:96 x-google-start-bitrate=900"));
  assert.ok(lines.includes("a=fmtp:98 packetization-mode=1;x-google-start-bitrate=900"));
  assert.ok(lines.includes("a=fmtp:97 apt=96"));
  assert.ok(lines.includes("a=fmtp:111 minptime=10"));
  assert.equal(lines.length, SDP.split("\r\n").length + 1);
});

test("nothing to add leaves the answer as it is", () => {
  assert.equal(withFormatParameters(SDP, "1", ["vp8"], {}), SDP);
  assert.equal(withFormatParameters(SDP, "7", ["vp8"], { a: 1 }), SDP);
});
