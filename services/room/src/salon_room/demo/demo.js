// The page: brings together the form, the call, the tiles, the chat and the beauty panel.
import { BeautyPanel } from "./beauty.js";
import { Call, CallError, words } from "./call.js";
import { Chat } from "./chat.js";
import { recall, remember } from "./memory.js";
import { hasAddress } from "./reach.js";
import { Tiles } from "./tiles.js";

const get = (id) => document.getElementById(id);
const nameInput = get("name-input");
const roomInput = get("room-input");
const joinButton = get("join-button");
const banner = get("status-banner");
const tiles = new Tiles(get("stage"), get("grid"), get("screens"));
/** Where two panels at once would lie on each other. */
const narrow = () => matchMedia("(max-width: 760px)").matches;
const chat = new Chat(async (text) => {
  try {
    await call.say(text);
  } catch (error) {
    throw new CallError(words(error));
  }
});

const beauty = new BeautyPanel({
  changed: (wish) => call?.setBeauty(wish),
  held: (held) => showOriginal(held),
  opened: () => narrow() && chat.toggle(false),
});

const NO_ADDRESS =
  "This browser has no network address for sound and picture. Firefox at localhost may need to be allowed the camera or " +
  "microphone; otherwise open the page under the server's address (SALON_PUBLIC_HOST), or in another browser.";

/** Null before and after. */
let call = null;

// ---- the form ----

/** Room ids have a narrow alphabet; people like to type spaces. */
function toRoomID(text) {
  return text.trim().replace(/\s+/g, "-");
}

function randomRoom() {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const picks = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(picks, (pick) => letters[pick % letters.length])
    .join("")
    .replace(/(...)(...)(...)/, "$1-$2-$3");
}

function showJoinError(text) {
  get("join-error").textContent = text;
  get("join-error").hidden = text === "";
}

get("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nameInput.value.trim();
  const roomID = toRoomID(roomInput.value);
  const missing = name === "" ? nameInput : roomID === "" ? roomInput : null;
  if (missing !== null) {
    showJoinError(missing === nameInput ? "Please enter your name." : "Please enter a room.");
    missing.focus();
    return;
  }
  if (!/^[0-9A-Za-z~!@#$^&*()_+=\-;',.`<>/]+$/.test(roomID)) {
    showJoinError("A room's name has letters without accents, digits and - or _.");
    roomInput.focus();
    return;
  }
  void join(name, roomID);
});

async function join(name, roomID) {
  joinButton.disabled = true;
  joinButton.textContent = "Joining …";
  showJoinError("");
  showBanner("");
  remember("salon-name", name);
  const joining = new Call();
  joining.setBeauty(beauty.wish);
  call = joining;
  listen(joining);
  try {
    if (typeof window.ZegoExpressEngine !== "function") throw new CallError("The SDK could not be loaded.");
    await joining.prepare(name, roomID);
    const entered = joining.join();
    enterCall(name, roomID);
    const warning = await entered;
    if (warning !== null && call === joining) showBanner(warning);
    // After the camera was asked for: until then browsers may say less.
    if (!(await hasAddress()) && call === joining) showBanner(NO_ADDRESS, "error");
  } catch (error) {
    if (call === joining) leaveCall();
    showJoinError(words(error));
  } finally {
    joinButton.disabled = false;
    joinButton.textContent = "Join";
  }
}

// ---- in and out ----

function enterCall(name, roomID) {
  history.replaceState(null, "", `?room=${encodeURIComponent(roomID)}`);
  document.title = `${roomID} · Salon`;
  get("room-title").textContent = roomID;
  get("lobby").hidden = true;
  get("call").hidden = false;
  chat.clear();
  chat.toggle(matchMedia("(min-width: 1000px)").matches, false);
  const own = tiles.person(call.userID, "You", name);
  own.element.dataset.own = "true";
  refresh();
  // The buttons for what is still being opened cannot be focused yet; `own-media` moves on to them.
  get("room-title").focus();
}

function leaveCall() {
  call = null;
  beauty.setCamera(false);
  beauty.toggle(false);
  beauty.tell("off");
  tiles.clear();
  get("call").hidden = true;
  get("lobby").hidden = false;
  document.title = "Salon";
  showBanner("");
  joinButton.focus();
}

function showBanner(text, tone = "notice") {
  banner.textContent = text;
  banner.dataset.tone = tone;
  banner.hidden = text === "";
}

function setControl(id, iconName, label, active, enabled) {
  const button = get(id);
  button.querySelector("use").setAttribute("href", `#icon-${iconName}`);
  button.querySelector("span").textContent = label;
  // The label says what a click does; a pressed state beside it would say the opposite to some readers.
  button.dataset.active = String(active);
  button.disabled = !enabled;
}

function refresh() {
  if (call === null) return;
  const { hasAudio, hasVideo, microphoneMuted: muted, cameraOff: off, sharing } = call;
  setControl("mic-button", muted ? "mic-off" : "mic", muted ? "Unmute" : "Mute", muted, hasAudio);
  setControl("camera-button", off ? "camera-off" : "camera", off ? "Camera on" : "Camera off", off, hasVideo);
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === "function";
  setControl("screen-button", "screen", sharing ? "Stop sharing" : "Share screen", sharing, canShare);
  tiles.find(call.userID)?.set({ video: hasVideo && !off, audio: hasAudio && !muted });
  const count = call.peopleCount;
  get("people-count").textContent = count === 1 ? "Only you are here" : `${count} people`;
}

/** One's picture as it was, for oneself only: the stream goes on as it is. */
function showOriginal(show) {
  const tile = call === null ? undefined : tiles.find(call.userID);
  if (tile === undefined) return;
  tile.element.dataset.original = String(show);
  if (show) call.camera?.playCaptureVideo(tile.original, { mirror: true, objectFit: "cover" });
  else call.camera?.stopPlayCaptureVideo();
}

// ---- what the call tells ----

function listen(source) {
  const on = (type, react) =>
    source.addEventListener(type, ({ detail }) => {
      // A call that was left may still have something to say.
      if (call === source) react(detail);
    });
  on("own-media", () => {
    const tile = tiles.find(source.userID);
    if (source.hasVideo && tile !== undefined) {
      source.camera.playVideo(tile.media, { mirror: true, objectFit: "cover" });
    }
    beauty.setCamera(source.hasVideo);
    beauty.tell(source.hasVideo ? source.beautyState : "camera");
    refresh();
    if (document.activeElement === get("room-title") && source.hasAudio) get("mic-button").focus();
  });
  on("people", ({ type, users }) => {
    for (const { userID, userName } of users) {
      if (type === "ADD") tiles.person(userID, userName || userID).set({ video: false, audio: true });
      else tiles.removePerson(userID);
    }
    refresh();
  });
  on("stream", ({ streamID, user, kind, media, video, audio }) => {
    const name = user.userName || user.userID;
    if (kind === "screen") {
      const tile = tiles.screen(streamID, user.userID, `${name}'s screen`);
      tile.set({ video: true, audio: true });
      source.show(media, tile.media, { objectFit: "contain" });
      return;
    }
    const tile = tiles.person(user.userID, name);
    tile.element.dataset.streamId = streamID;
    tile.set({ video, audio });
    source.show(media, tile.media, { objectFit: "cover" });
  });
  on("stream-gone", ({ streamID }) => {
    const tile = tiles.byStream(streamID);
    if (tile === undefined) return;
    if (tile.kind === "screen") {
      tiles.removeScreen(streamID);
    } else {
      delete tile.element.dataset.streamId;
      tile.set({ video: false, audio: true });
      tile.setNote("");
    }
  });
  on("media", ({ userID, video, audio }) => tiles.find(userID)?.set({ video, audio }));
  on("interrupted", ({ streamID, interrupted, failed }) => {
    tiles.byStream(streamID)?.setNote(interrupted ? (failed ?? "Reconnecting …") : "");
  });
  on("message", ({ name, text, timeMs }) => chat.message(name, text, timeMs));
  on("notice", ({ text }) => chat.notice(text));
  on("sharing", ({ stream }) => {
    if (stream === null) {
      tiles.removeScreen("own");
    } else {
      const tile = tiles.screen("own", source.userID, "Your screen");
      tile.set({ video: true, audio: true });
      stream.playVideo(tile.media, { objectFit: "contain" });
    }
    refresh();
  });
  on("beauty", ({ state, text }) => beauty.tell(state, text));
  on("banner", ({ text, tone }) => showBanner(text, tone));
  on("ended", ({ text }) => {
    leaveCall();
    showBanner(text, "error");
  });
}

// ---- the buttons ----

get("mic-button").addEventListener("click", () => {
  call.setMicrophoneMuted(!call.microphoneMuted);
  refresh();
});

get("camera-button").addEventListener("click", () => {
  call.setCameraOff(!call.cameraOff);
  refresh();
});

get("screen-button").addEventListener("click", async () => {
  if (call.sharing) {
    call.stopSharing();
    return;
  }
  try {
    await call.startSharing();
  } catch (error) {
    // Closing the browser's own dialogue needs no comment.
    if (error.errorCode !== 1103042) showBanner(words(error), "error");
  }
});

get("leave-button").addEventListener("click", () => {
  call.leave();
  leaveCall();
});

get("chat-button").addEventListener("click", () => narrow() && beauty.toggle(false));

let copyTimer = 0;
get("copy-link").addEventListener("click", async () => {
  const label = get("copy-link-text");
  label.textContent = (await copy(location.href)) ? "Copied" : "Copy the address bar";
  clearTimeout(copyTimer);
  copyTimer = setTimeout(() => (label.textContent = "Copy link"), 2000);
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard without HTTPS: the older way, through a selection.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    get("copy-link").focus();
    return copied;
  }
}

nameInput.value = recall("salon-name");
roomInput.value = new URLSearchParams(location.search).get("room") ?? randomRoom();
(nameInput.value === "" ? nameInput : joinButton).focus();
