// What the tests do in a page: one participant that uses the public SDK only. Peer connections are recorded before the
// SDK runs so that statistics can be read from outside it.
(() => {
  const connections = [];
  let negotiations = 0;
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      connections.push(this);
      this.addEventListener("signalingstatechange", () => (negotiations += 1));
      this.addEventListener("negotiationneeded", () => (negotiations += 1));
    }
  };

  const events = [];
  const EVENTS = [
    "roomStateUpdate", "roomStateChanged", "roomUserUpdate", "roomStreamUpdate", "publisherStateUpdate",
    "playerStateUpdate", "screenSharingEnded", "IMRecvBroadcastMessage", "IMRecvBarrageMessage", "IMRecvCustomCommand",
    "beautyEffectError",
  ];

  const plain = (value) => {
    try {
      return JSON.parse(JSON.stringify(value));
    } catch {
      return String(value);
    }
  };

  const canvas = document.createElement("canvas");

  // BT.601 codes of limited range, as in the frames that are sent, of a rectangle given in shares of the picture.
  // `detail` is the mean square of what differs from the 3 x 3 mean: noise, pores and edges.
  function look(video, [left, top, width, height] = [0, 0, 1, 1]) {
    const [w, h] = [Math.round(video.videoWidth * width), Math.round(video.videoHeight * height)];
    if (w < 3 || h < 3) return null;
    Object.assign(canvas, { width: w, height: h });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, -Math.round(video.videoWidth * left), -Math.round(video.videoHeight * top));
    const { data } = context.getImageData(0, 0, w, h);
    if (data[3] === 0) return null; // there is no picture yet
    const luma = new Float32Array(w * h);
    const sums = { y: 0, cb: 0, cr: 0 };
    for (let i = 0; i < luma.length; i += 1) {
      const [r, g, b] = [data[4 * i] / 255, data[4 * i + 1] / 255, data[4 * i + 2] / 255];
      luma[i] = 16 + 65.481 * r + 128.553 * g + 24.966 * b;
      sums.y += luma[i];
      sums.cb += 128 - 37.797 * r - 74.203 * g + 112 * b;
      sums.cr += 128 + 112 * r - 93.786 * g - 18.214 * b;
    }
    let detail = 0;
    for (let y = 1; y < h - 1; y += 1) {
      for (let x = 1; x < w - 1; x += 1) {
        let mean = 0;
        for (let dy = -w; dy <= w; dy += w) for (let dx = -1; dx <= 1; dx += 1) mean += luma[y * w + x + dy + dx] / 9;
        detail += (luma[y * w + x] - mean) ** 2;
      }
    }
    const count = luma.length;
    return {
      y: sums.y / count, cb: sums.cb / count, cr: sums.cr / count, detail: detail / ((w - 2) * (h - 2)),
      width: video.videoWidth, height: video.videoHeight,
    };
  }

  const salon = {
    events,
    connections,
    local: {},
    remote: {},
    videos: {},
    frames: {},
    audio: {},
    // Rectangles to look at in every frame of a stream, from its first one; and what was seen.
    watched: {},
    seen: {},
    get negotiations() {
      return negotiations;
    },

    start(appID, server) {
      this.engine = new ZegoExpressEngine(appID, server);
      for (const name of EVENTS) {
        this.engine.on(name, (...args) => events.push({ name, args: plain(args), at: performance.now() }));
      }
    },

    autoPlay() {
      this.engine.on("roomStreamUpdate", (roomID, type, list) => {
        for (const { streamID } of list) {
          if (type === "ADD") this.play(streamID).catch((error) => events.push({ name: "playFailed", args: [plain(error)] }));
          else this.stopPlaying(streamID);
        }
      });
    },

    async login(roomID, token, user, config) {
      try {
        return { ok: await this.engine.loginRoom(roomID, token, user, config) };
      } catch (error) {
        return { errorCode: error.errorCode, extendedData: error.extendedData, message: error.message };
      }
    },

    async publish(streamID, create, option) {
      const local = await this.engine.createZegoStream(create);
      this.local[streamID] = local;
      return this.engine.startPublishingStream(streamID, local, option);
    },

    // What the promise gave, or the error it was rejected with, and how long that took.
    async beauty(streamID, enable, options) {
      const askedAt = performance.now();
      const done = (outcome) => ({ ...outcome, tookMs: performance.now() - askedAt });
      try {
        const { errorCode, extendedData } = await this.engine.setEffectsBeauty(this.local[streamID], enable, options);
        return done({ ok: true, errorCode, extendedData });
      } catch (error) {
        return done({ ok: false, errorCode: error.errorCode, extendedData: error.extendedData ?? String(error) });
      }
    },

    // As `publish`, with beauty asked for in between.
    async publishBeautified(streamID, create, option, beauty) {
      this.local[streamID] = await this.engine.createZegoStream(create);
      const outcome = await this.beauty(streamID, true, beauty);
      this.engine.startPublishingStream(streamID, this.local[streamID], option);
      return outcome;
    },

    // A white flash and a beep, together, once a second: what arrives apart has lost its sync.
    async publishMetronome(streamID, option, beauty) {
      const screen = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
      const context = screen.getContext("2d");
      const sound = new AudioContext();
      const [tone, gain, output] = [sound.createOscillator(), sound.createGain(), sound.createMediaStreamDestination()];
      tone.connect(gain).connect(output);
      gain.gain.value = 0;
      tone.start();
      await sound.resume();
      let shade = 0;
      const paint = () => {
        const flash = performance.now() % 1000 < 150;
        gain.gain.setTargetAtTime(flash ? 0.8 : 0, sound.currentTime, 0.001);
        shade = (shade + 1) % 16;
        context.fillStyle = flash ? "#ffffff" : `rgb(${90 + shade} ${60 + shade} ${50 + shade})`;
        context.fillRect(0, 0, 640, 360);
      };
      setInterval(paint, 1000 / 30);
      const custom = { video: { source: screen.captureStream(30) }, audio: { source: output.stream } };
      this.local[streamID] = await this.engine.createZegoStream({ custom });
      if (beauty) await this.engine.setEffectsBeauty(this.local[streamID], true, beauty);
      return this.engine.startPublishingStream(streamID, this.local[streamID], option);
    },

    unpublish(streamID) {
      this.engine.stopPublishingStream(streamID);
      this.engine.destroyStream(this.local[streamID]);
      delete this.local[streamID];
    },

    async play(streamID, option) {
      const asked = performance.now();
      const stream = await this.engine.startPlayingStream(streamID, option);
      this.remote[streamID] = stream;
      const video = document.createElement("video");
      Object.assign(video, { autoplay: true, playsInline: true, srcObject: stream });
      document.body.append(video);
      this.videos[streamID] = video;
      this.frames[streamID] = {
        count: 0, askedAt: asked, firstAt: null, width: 0, height: 0, lastAt: null, longestGapMs: 0, flashes: [],
      };
      let bright = false;
      const onFrame = (now, meta) => {
        const record = this.frames[streamID];
        if (!record) return;
        record.count += 1;
        record.firstAt ??= now;
        record.width = meta.width;
        record.height = meta.height;
        const at = meta.presentationTime;
        if (record.lastAt !== null) record.longestGapMs = Math.max(record.longestGapMs, at - record.lastAt);
        record.lastAt = at;
        const seen = this.watched[streamID] && look(video, this.watched[streamID]);
        if (seen) (this.seen[streamID] ??= []).push({ at, ...seen });
        if (this.listening[streamID]) {
          const was = bright;
          bright = (look(video, [0.4, 0.4, 0.1, 0.1])?.y ?? 0) > 180;
          if (bright && !was) record.flashes.push(meta.expectedDisplayTime);
        }
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
      return true;
    },

    stopPlaying(streamID) {
      this.engine.stopPlayingStream(streamID);
      this.videos[streamID]?.remove();
      delete this.videos[streamID];
      delete this.frames[streamID];
      delete this.remote[streamID];
    },

    look(streamID, rectangle) {
      return look(this.videos[streamID], rectangle);
    },

    // Mean of several frames, so that noise and the codec's ups and downs even out.
    async lookLong(streamID, rectangle, frames = 15) {
      const video = this.videos[streamID];
      const sum = {};
      for (let seen = 0; seen < frames; seen += 1) {
        await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
        for (const [key, value] of Object.entries(look(video, rectangle))) sum[key] = (sum[key] ?? 0) + value / frames;
      }
      return sum;
    },

    // The publisher's own camera, without anything done to it.
    async lookLocal(streamID, rectangle) {
      const video = Object.assign(document.createElement("video"), { autoplay: true, muted: true });
      video.srcObject = this.local[streamID].stream;
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      const seen = look(video, rectangle);
      video.srcObject = null;
      return seen;
    },

    // Longest time without a new picture since the last call, the one going on now included.
    longestGapMs(streamID) {
      const record = this.frames[streamID];
      if (record.lastAt === null) return Infinity;
      const longest = Math.max(record.longestGapMs, performance.now() - record.lastAt);
      record.longestGapMs = 0;
      return longest;
    },

    // From now on notes when flashes are shown and beeps are heard.
    listening: {},
    async listen(streamID) {
      const sound = new AudioContext();
      await sound.resume();
      const analyser = Object.assign(sound.createAnalyser(), { fftSize: 256 });
      sound.createMediaStreamSource(this.remote[streamID]).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      const beeps = [];
      let loud = false;
      setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        const was = loud;
        loud = samples.some((sample) => Math.abs(sample) > 0.2);
        if (loud && !was) beeps.push(performance.now());
      }, 4);
      this.listening[streamID] = beeps;
    },

    // How much later than its sound each picture came, in ms, of the pairs so far; negative: the picture was early.
    lipSyncMs(streamID) {
      const beeps = this.listening[streamID];
      return this.frames[streamID].flashes.flatMap((flash) => {
        const nearest = beeps.reduce((best, beep) => (Math.abs(beep - flash) < Math.abs(best - flash) ? beep : best), Infinity);
        return Math.abs(nearest - flash) < 500 ? [flash - nearest] : [];
      });
    },

    // Everything the receiving side reports, one entry per inbound track.
    async inbound() {
      const found = [];
      for (const connection of connections) {
        if (connection.connectionState === "closed") continue;
        const report = await connection.getStats();
        for (const item of report.values()) {
          if (item.type !== "inbound-rtp") continue;
          found.push({ ...plain(item), mimeType: report.get(item.codecId)?.mimeType, now: performance.now() });
        }
      }
      return found;
    },

    async outbound() {
      const found = [];
      for (const connection of connections) {
        if (connection.connectionState === "closed") continue;
        const report = await connection.getStats();
        for (const item of report.values()) {
          if (item.type !== "outbound-rtp") continue;
          found.push({ ...plain(item), mimeType: report.get(item.codecId)?.mimeType });
        }
      }
      return found;
    },

    async energy(streamID) {
      const track = this.remote[streamID]?.getAudioTracks()[0];
      if (!track) return 0;
      for (const connection of connections) {
        const receiver = connection.getReceivers().find((candidate) => candidate.track === track);
        if (!receiver) continue;
        for (const item of (await receiver.getStats()).values()) {
          if (item.type === "inbound-rtp") return item.totalAudioEnergy ?? 0;
        }
      }
      return 0;
    },
  };
  window.salon = salon;
})();
