// The call itself: what the page asks of the SDK and what it hears from it. Knows nothing of the page's elements.

/** What went wrong, in words for people. */
export class CallError extends Error {}

const WORDS = {
  1002034: "The room is full.",
  1002031: "The server cannot be reached.",
  1102016: "The server's token was not accepted.",
  1102018: "The server's token has expired.",
  1102020: "The server's token was not accepted.",
  1103042: "Screen sharing was cancelled.",
  1103043: "This browser cannot share its screen.",
  1103053: "Cameras and microphones need a page loaded over HTTPS.",
  1103064: "Camera and microphone are not allowed for this page.",
  1103065: "The camera or microphone is in use by another program.",
};

export function words(error) {
  if (error instanceof CallError) return error.message;
  return WORDS[error?.errorCode] ?? `Something went wrong (${error?.errorCode ?? error?.name ?? "unknown"}).`;
}

/** The readable part of a user id; the server adds what makes it one of its own. */
function readableID(name) {
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 20);
  return readable || "guest";
}

async function fetchPass(userID, roomID) {
  let response;
  try {
    response = await fetch("demo/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ userID, roomID }),
    });
  } catch {
    throw new CallError("The server cannot be reached. Check the network and try again.");
  }
  if (response.status === 404) {
    throw new CallError("The demo is switched off on this server. Whoever runs it can switch it on.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new CallError(body.error?.message ?? `The server refused (${response.status}).`);
  return body;
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/**
 * Dispatches `people`, `own-media`, `stream`,
 * `stream-gone`, `media`, `interrupted`, `message`, `notice`, `sharing`, `beauty`, `banner`, `ended`.
 */
export class Call extends EventTarget {
  #pass = null;
  #engine = null;
  #camera = null;
  #screen = null;
  #users = new Map();
  #streams = new Map();
  /** What people said of their camera and microphone since they published. */
  #said = new Map();
  #cameraOff = false;
  #beauty = { on: false };
  #beautyState = "off";

  /** Learns who it will be in the room: the server says. */
  async prepare(name, roomID) {
    this.userName = name;
    this.roomID = roomID;
    this.#pass = await fetchPass(readableID(name), roomID);
    this.userID = this.#pass.userID;
  }

  /** Enters the room; resolves with a warning for people if there is no camera, else null. */
  async join() {
    const { userName: name, roomID } = this;
    const pass = this.#pass;
    const engine = new window.ZegoExpressEngine(pass.appID, pass.server ?? "");
    this.#engine = engine;
    this.#listen(engine);
    const user = { userID: this.userID, userName: name };
    // The person may take a while to allow the camera; being in the room does not wait for it.
    const devices = this.#openDevices();
    try {
      await engine.loginRoom(roomID, pass.token, user, { userUpdate: true });
    } catch (error) {
      devices.finally(() => this.#end());
      throw new CallError(`Joining failed. ${words(error)}`);
    }
    return devices;
  }

  leave() {
    this.#engine?.logoutRoom(this.roomID);
    this.#end();
  }

  get camera() {
    return this.#camera;
  }

  get hasVideo() {
    return (this.#camera?.getVideoTracks().length ?? 0) > 0;
  }

  get hasAudio() {
    return (this.#camera?.getAudioTracks().length ?? 0) > 0;
  }

  get cameraOff() {
    return this.#cameraOff;
  }

  get microphoneMuted() {
    return this.#engine?.isMicrophoneMuted() ?? false;
  }

  get sharing() {
    return this.#screen !== null;
  }

  /** A key of the panel's states. */
  get beautyState() {
    return this.#beautyState;
  }

  get peopleCount() {
    return this.#users.size + 1;
  }

  setMicrophoneMuted(mute) {
    this.#engine.muteMicrophone(mute);
    this.#tellMedia([]);
  }

  setCameraOff(off) {
    this.#cameraOff = off;
    this.#engine.mutePublishStreamVideo(this.#camera, off);
    this.#tellMedia([]);
  }

  /** Before there is a camera, too: its picture then begins like that. */
  async setBeauty(wish) {
    const wasOn = this.#beauty.on;
    this.#beauty = wish;
    const engine = this.#engine;
    if (!this.hasVideo || engine === null) return;
    if (!wish.on) this.#tellBeauty("off");
    else if (!wasOn) this.#tellBeauty("asking");
    const { on, smooth, whiten, rosy, sharpen } = wish;
    const strengths = {
      smoothIntensity: smooth,
      whitenIntensity: whiten,
      rosyIntensity: rosy,
      sharpenIntensity: sharpen,
    };
    let state;
    let text;
    try {
      const { errorCode } = await engine.setEffectsBeauty(this.#camera, on, strengths);
      state = !on ? "off" : errorCode === 0 ? "on" : "unavailable";
    } catch (error) {
      state = "error";
      text = words(error);
    }
    // A newer wish has its own answer; what was told of a recovery stays.
    if (this.#engine !== engine || this.#beauty !== wish) return;
    if (state !== "on" || this.#beautyState !== "recovered") this.#tellBeauty(state, text);
  }

  #tellBeauty(state, text) {
    this.#beautyState = state;
    this.#emit("beauty", { state, text });
  }

  async startSharing() {
    const engine = this.#engine;
    const screen = await engine.createZegoStream({ screen: { video: { quality: 2 }, audio: true } });
    if (this.#engine !== engine || this.#screen !== null) {
      engine.destroyStream(screen);
      return;
    }
    this.#screen = screen;
    const extraInfo = JSON.stringify({ kind: "screen" });
    engine.startPublishingStream(`${this.userID}-screen`, screen, { videoCodec: "VP8", extraInfo });
    this.#emit("sharing", { stream: screen });
  }

  stopSharing() {
    const screen = this.#screen;
    if (screen === null) return;
    this.#screen = null;
    this.#emit("sharing", { stream: null });
    this.#engine.stopPublishingStream(`${this.userID}-screen`);
    this.#engine.destroyStream(screen);
  }

  async say(text) {
    await this.#engine.sendBroadcastMessage(this.roomID, text);
  }

  /** Plays somebody else's stream inside an element. */
  show(media, element, options) {
    this.#engine.createRemoteStreamView(media).play(element, options);
  }

  // ---- own media ----

  /** Camera and microphone, or the microphone alone, or nothing: watching needs neither. */
  async #openDevices() {
    const engine = this.#engine;
    let failure = null;
    let stream = await engine.createZegoStream({ camera: { video: { quality: 3 }, audio: true } }).catch((error) => {
      failure = error;
      return null;
    });
    // Who has left meanwhile is not asked again.
    if (stream === null && this.#engine === engine) {
      stream = await engine.createZegoStream({ camera: { video: false } }).catch(() => null);
    }
    if (this.#engine !== engine) {
      if (stream !== null) engine.destroyStream(stream);
      return null;
    }
    this.#camera = stream;
    if (stream !== null) {
      // In place before the first picture leaves.
      if (this.#beauty.on) await this.setBeauty(this.#beauty);
      if (this.#engine !== engine) return null;
      const extraInfo = JSON.stringify({ kind: "camera", ...this.#media() });
      // Still logging in? The SDK publishes as soon as that is done.
      engine.startPublishingStream(`${this.userID}-camera`, stream, { videoCodec: "VP8", extraInfo });
    }
    this.#emit("own-media");
    if (failure === null) return null;
    return stream === null
      ? `You joined as a viewer: you can see, hear and write. ${words(failure)}`
      : `You joined without a camera. ${words(failure)}`;
  }

  #media() {
    return { video: this.hasVideo && !this.#cameraOff, audio: this.hasAudio && !this.microphoneMuted };
  }

  /** Tells others whether to show a picture or a placeholder; an empty list means everybody. */
  #tellMedia(userIDs) {
    const command = JSON.stringify({ type: "media", ...this.#media() });
    this.#engine?.sendCustomCommand(this.roomID, command, userIDs).catch(() => undefined);
  }

  // ---- what the SDK tells ----

  #listen(engine) {
    engine.on("roomUserUpdate", (_roomID, type, users) => this.#usersChanged(type, users));
    engine.on("roomStreamUpdate", (_roomID, type, streams) => {
      for (const stream of streams) {
        if (type === "ADD") void this.#play(stream);
        else this.#forget(stream.streamID);
      }
    });
    engine.on("IMRecvBroadcastMessage", (_roomID, messages) => {
      for (const { fromUser, message, sendTime } of messages) {
        this.#emit("message", { name: fromUser.userName || fromUser.userID, text: message, timeMs: sendTime });
      }
    });
    engine.on("IMRecvCustomCommand", (_roomID, fromUser, command) => {
      const { type, video, audio } = parse(command);
      if (type !== "media") return;
      const said = { video: video === true, audio: audio === true };
      this.#said.set(fromUser.userID, said);
      this.#emit("media", { userID: fromUser.userID, ...said });
    });
    engine.on("playerStateUpdate", ({ streamID, state, errorCode }) => {
      if (this.#streams.has(streamID)) {
        this.#emit("interrupted", { streamID, interrupted: state !== "PLAYING" && errorCode !== 0 });
      }
    });
    engine.on("publisherStateUpdate", ({ state, errorCode }) => {
      if (state === "NO_PUBLISH" && errorCode !== 0) {
        this.#emit("banner", { text: `The others cannot see you. ${words({ errorCode })}`, tone: "error" });
      }
    });
    engine.on("beautyEffectError", (_stream, errorCode) => {
      if (errorCode === 0) this.#tellBeauty("recovered");
      else if (errorCode === 1103075) this.#tellBeauty("unavailable");
      else this.#tellBeauty("error", words({ errorCode }));
    });
    engine.on("screenSharingEnded", () => {
      this.#screen = null;
      this.#emit("sharing", { stream: null });
    });
    engine.on("roomStateChanged", (_roomID, reason, code) => this.#roomChanged(reason, code));
  }

  #usersChanged(type, users) {
    for (const { userID, userName } of users) {
      const name = userName || userID;
      if (type === "ADD") this.#users.set(userID, name);
      else this.#users.delete(userID);
      if (type === "DELETE") this.#said.delete(userID);
      this.#emit("notice", { text: type === "ADD" ? `${name} joined` : `${name} left` });
    }
    this.#emit("people", { type, users });
    // Newcomers know what a stream was like when it was published, not what it is like now.
    if (type === "ADD" && this.#camera !== null) this.#tellMedia(users.map(({ userID }) => userID));
  }

  async #play({ streamID, user, extraInfo }) {
    const info = parse(extraInfo);
    this.#streams.set(streamID, user.userID);
    let media;
    try {
      media = await this.#engine.startPlayingStream(streamID);
    } catch (error) {
      // Stopped before it began is no failure.
      if (this.#streams.has(streamID)) this.#emit("interrupted", { streamID, interrupted: true, failed: words(error) });
      return;
    }
    if (!this.#streams.has(streamID)) return;
    if (info.kind === "screen") {
      this.#emit("stream", { streamID, user, kind: "screen", media, video: true, audio: true });
      return;
    }
    // What was said by command is newer than what the stream was published with, however early it came.
    const { video, audio } = this.#said.get(user.userID) ?? {
      video: info.video !== false,
      audio: info.audio !== false,
    };
    const hasVideo = media.getVideoTracks().length > 0;
    this.#emit("stream", { streamID, user, kind: "camera", media, video: hasVideo && video, audio });
  }

  #forget(streamID) {
    if (!this.#streams.delete(streamID)) return;
    this.#engine.stopPlayingStream(streamID);
    this.#emit("stream-gone", { streamID });
  }

  #roomChanged(reason, code) {
    if (reason === "RECONNECTING") this.#emit("banner", { text: "The connection was lost. Reconnecting …" });
    else if (reason === "RECONNECTED") this.#emit("banner", { text: "" });
    else if (reason === "KICKOUT")
      this.#over(code === 1002055 ? "You were removed from the room." : "You joined elsewhere.");
    else if (reason === "RECONNECT_FAILED") this.#over("The connection was lost and did not come back.");
  }

  #over(text) {
    this.#end();
    this.#emit("ended", { text });
  }

  #end() {
    const engine = this.#engine;
    this.#engine = null;
    this.#camera = this.#screen = null;
    this.#streams.clear();
    this.#users.clear();
    this.#said.clear();
    engine?.destroyEngine();
  }

  #emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
