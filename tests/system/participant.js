// What the tests do in a page: one participant that uses the public SDK only. Peer connections are recorded before the
// SDK runs so that statistics can be read from outside it.
(() => {
  const connections = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };

  const events = [];
  const EVENTS = [
    "roomStateUpdate", "roomStateChanged", "roomUserUpdate", "roomStreamUpdate", "publisherStateUpdate",
    "playerStateUpdate", "screenSharingEnded", "IMRecvBroadcastMessage", "IMRecvBarrageMessage", "IMRecvCustomCommand",
  ];

  const plain = (value) => {
    try {
      return JSON.parse(JSON.stringify(value));
    } catch {
      return String(value);
    }
  };

  const salon = {
    events,
    connections,
    local: {},
    remote: {},
    videos: {},
    frames: {},
    audio: {},

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
      this.frames[streamID] = { count: 0, askedAt: asked, firstAt: null, width: 0, height: 0 };
      const onFrame = (now, meta) => {
        const record = this.frames[streamID];
        if (!record) return;
        record.count += 1;
        record.firstAt ??= now;
        record.width = meta.width;
        record.height = meta.height;
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
