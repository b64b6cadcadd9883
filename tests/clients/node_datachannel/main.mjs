// A WHIP publisher and a WHEP player of libdatachannel, which is what OBS has, through its bindings for Node.
//
//   node main.mjs publish ENDPOINT TOKEN VP8|H264 VIDEO AUDIO
//   node main.mjs play ENDPOINT TOKEN VP8|H264 FOLDER SECONDS
//
// VIDEO and AUDIO are coded frames, each after its length (4 bytes, the highest first). Playing writes RTP packets in the
// same form to FOLDER/video and FOLDER/audio until so many seconds after the first packet of video.
import { createWriteStream, readFileSync } from "node:fs";
import datachannel from "node-datachannel";

const [PICTURES_PER_S, SOUNDS_PER_S] = [15, 50];
const VIDEO = { ssrc: 42, clockRate: 90_000, name: "video" };
const AUDIO = { ssrc: 43, clockRate: 48_000, name: "audio", payloadType: 111 };
const PAYLOAD_TYPES = { VP8: 96, H264: 102 };
const H264_PROFILE = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";
const MTU = 1200;
const PATIENCE_MS = 30_000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function exchange(peer, endpoint, token) {
  const offered = new Promise((resolve) => {
    peer.onGatheringStateChange((state) => state === "complete" && resolve(peer.localDescription().sdp));
  });
  peer.setLocalDescription();
  const offer = await offered;
  const headers = { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` };
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(endpoint, { method: "POST", headers, body: offer });
    const text = await response.text();
    if (response.status === 201) return peer.setRemoteDescription(text, "answer");
    if (response.status !== 404 || attempt === 100) throw new Error(`HTTP ${response.status}: ${text.trim()}`);
    await wait(250); // there is no such stream yet
  }
}

function media(codec, direction) {
  const video = new datachannel.Video("0", direction);
  if (codec === "H264") video.addH264Codec(PAYLOAD_TYPES.H264, H264_PROFILE);
  else video.addVP8Codec(PAYLOAD_TYPES.VP8);
  const audio = new datachannel.Audio("1", direction);
  audio.addOpusCodec(AUDIO.payloadType);
  if (direction === "SendOnly") {
    video.addSSRC(VIDEO.ssrc, VIDEO.name, "stream", VIDEO.name);
    audio.addSSRC(AUDIO.ssrc, AUDIO.name, "stream", AUDIO.name);
  }
  return { video, audio };
}

function* frames(path) {
  const data = readFileSync(path);
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt32BE(at);
    yield data.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

// libdatachannel's packetizers number and cut what they are given; of VP8 there is none.
function packetizer(track, kind, payloadType, make) {
  const config = new datachannel.RtpPacketizationConfig(kind.ssrc, kind.name, payloadType, kind.clockRate);
  const first = make(config);
  first.addToChain(new datachannel.RtcpSrReporter(config));
  first.addToChain(new datachannel.RtcpNackResponder());
  track.setMediaHandler(first);
  return (frame, timestamp) => {
    config.timestamp = timestamp;
    track.sendMessageBinary(frame);
  };
}

function vp8Sender(track) {
  track.setMediaHandler(new datachannel.RtcpReceivingSession());
  let sequence = 0;
  return (frame, timestamp) => {
    for (let at = 0; at < frame.length; at += MTU) {
      const header = Buffer.alloc(13);
      const isLast = at + MTU >= frame.length;
      header.set([0x80, (isLast ? 0x80 : 0) | PAYLOAD_TYPES.VP8]);
      header.writeUInt16BE(sequence, 2);
      header.writeUInt32BE(timestamp, 4);
      header.writeUInt32BE(VIDEO.ssrc, 8);
      header[12] = at === 0 ? 0x10 : 0; // payload descriptor: whether a partition begins
      sequence = (sequence + 1) & 0xffff;
      track.sendMessageBinary(Buffer.concat([header, frame.subarray(at, at + MTU)]));
    }
  };
}

// In real time, over and over, until the process is ended.
async function repeat(path, perSecond, clockRate, send) {
  const all = [...frames(path)];
  const began = performance.now();
  for (let number = 0; ; number += 1) {
    await wait(Math.max(0, began + (number * 1000) / perSecond - performance.now()));
    send(all[number % all.length], (number * clockRate) / perSecond);
  }
}

async function publish(endpoint, token, codec, videoPath, audioPath) {
  const peer = new datachannel.PeerConnection("publisher", { iceServers: [] });
  const { video, audio } = media(codec, "SendOnly");
  const [videoTrack, audioTrack] = [peer.addTrack(video), peer.addTrack(audio)];
  const { H264RtpPacketizer, RtpPacketizer } = datachannel;
  const sendVideo =
    codec === "H264"
      ? packetizer(videoTrack, VIDEO, PAYLOAD_TYPES.H264, (config) => new H264RtpPacketizer("LongStartSequence", config))
      : vp8Sender(videoTrack);
  const sendAudio = packetizer(audioTrack, AUDIO, AUDIO.payloadType, (config) => new RtpPacketizer(config));
  const opened = Promise.all([videoTrack, audioTrack].map((track) => new Promise((resolve) => track.onOpen(resolve))));
  const failed = new Promise((_, reject) => {
    peer.onStateChange((state) => ["failed", "closed"].includes(state) && reject(new Error(`the connection is ${state}`)));
  });
  await exchange(peer, endpoint, token);
  await Promise.race([opened, failed]);
  const sending = [
    repeat(videoPath, PICTURES_PER_S, VIDEO.clockRate, sendVideo),
    repeat(audioPath, SOUNDS_PER_S, AUDIO.clockRate, sendAudio),
  ];
  await Promise.race([...sending, failed]);
}

async function play(endpoint, token, codec, folder, seconds) {
  const peer = new datachannel.PeerConnection("viewer", { iceServers: [] });
  const { video, audio } = media(codec, "RecvOnly");
  let began;
  const isBegun = new Promise((resolve) => (began = resolve));
  const files = [];
  const kept = []; // a track that is collected as garbage calls nobody back
  for (const [description, name] of [[video, "video"], [audio, "audio"]]) {
    const track = peer.addTrack(description);
    kept.push(track);
    track.setMediaHandler(new datachannel.RtcpReceivingSession());
    const file = createWriteStream(`${folder}/${name}`);
    files.push(file);
    track.onMessage((packet) => {
      if (name === "video") began();
      const length = Buffer.alloc(4);
      length.writeUInt32BE(packet.length);
      file.write(Buffer.concat([length, packet]));
    });
  }
  await exchange(peer, endpoint, token);
  await Promise.race([
    isBegun,
    wait(PATIENCE_MS).then(() => Promise.reject(new Error(`no packet of video; the connection is ${peer.state()}`))),
  ]);
  await wait(seconds * 1000);
  for (const track of kept) track.close();
  peer.close();
  await Promise.all(files.map((file) => new Promise((resolve) => file.end(resolve))));
}

const [command, endpoint, token, codec, ...more] = process.argv.slice(2);
try {
  if (command === "publish") await publish(endpoint, token, codec, ...more);
  else if (command === "play") await play(endpoint, token, codec, more[0], Number(more[1]));
  else if (command === "version") console.log(`libdatachannel ${datachannel.getLibraryVersion()}`);
  else throw new Error("usage: main.mjs publish|play …");
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
