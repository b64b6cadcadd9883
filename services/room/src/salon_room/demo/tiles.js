// The pictures: one tile for each person, one for each shared screen, as large as the room for them allows.

const RATIO = 16 / 9;

function initials(name) {
  const parts = name.trim().split(/\s+/);
  const letters = parts.length > 1 ? [parts[0], parts[parts.length - 1]] : [parts[0]];
  return letters
    .map((part) => [...part][0] ?? "?")
    .join("")
    .toUpperCase();
}

function hue(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

class Tile {
  constructor(kind, userID, label, name) {
    this.kind = kind;
    this.userID = userID;
    this.label = label;
    this.element = document.createElement("figure");
    this.element.className = "tile";
    this.element.dataset.testid = "tile";
    this.element.dataset.kind = kind;
    this.element.dataset.userId = userID;
    this.media = document.createElement("div");
    this.media.className = "media";
    this.original = document.createElement("div");
    this.original.className = "media original";
    const avatar = document.createElement("div");
    avatar.className = "avatar";
    avatar.setAttribute("aria-hidden", "true");
    const letters = document.createElement("span");
    letters.textContent = initials(name);
    letters.style.setProperty("--hue", String(hue(userID)));
    avatar.append(letters);
    const caption = document.createElement("figcaption");
    this.muted = icon("mic-off");
    this.muted.classList.add("muted");
    const text = document.createElement("span");
    text.textContent = label;
    caption.append(this.muted, text);
    this.note = document.createElement("p");
    this.note.className = "note";
    this.note.hidden = true;
    this.element.append(this.media, this.original, avatar, caption, this.note);
    this.set({ video: false, audio: true });
  }

  set({ video, audio }) {
    this.element.dataset.video = video ? "on" : "off";
    this.element.dataset.audio = audio ? "on" : "off";
    this.muted.toggleAttribute("hidden", audio);
    const heard = audio ? "" : ", muted";
    const seen = video ? "" : ", camera off";
    this.element.setAttribute("aria-label", this.kind === "screen" ? this.label : `${this.label}${heard}${seen}`);
  }

  setNote(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }
}

export class Tiles {
  #stage;
  #grid;
  #screens;
  #tiles = new Map();
  #observer;

  constructor(stage, grid, screens) {
    this.#stage = stage;
    this.#grid = grid;
    this.#screens = screens;
    this.#observer = new ResizeObserver(() => this.#arrange());
    this.#observer.observe(stage);
  }

  /** The tile of a person, made when first asked for. */
  person(userID, label, name = label) {
    return this.#tile(`person ${userID}`, () => new Tile("camera", userID, label, name), this.#grid);
  }

  screen(streamID, userID, label) {
    const tile = this.#tile(`screen ${streamID}`, () => new Tile("screen", userID, label, label), this.#screens);
    tile.element.dataset.streamId = streamID;
    return tile;
  }

  find(userID) {
    return this.#tiles.get(`person ${userID}`);
  }

  byStream(streamID) {
    return [...this.#tiles.values()].find((tile) => tile.element.dataset.streamId === streamID);
  }

  removePerson(userID) {
    this.#remove(`person ${userID}`);
  }

  removeScreen(streamID) {
    this.#remove(`screen ${streamID}`);
  }

  clear() {
    for (const key of [...this.#tiles.keys()]) this.#remove(key);
  }

  #tile(key, make, place) {
    let tile = this.#tiles.get(key);
    if (tile === undefined) {
      tile = make();
      this.#tiles.set(key, tile);
      place.append(tile.element);
      this.#arrange();
    }
    return tile;
  }

  #remove(key) {
    this.#tiles.get(key)?.element.remove();
    this.#tiles.delete(key);
    this.#arrange();
  }

  #arrange() {
    const sharing = this.#screens.childElementCount > 0;
    this.#stage.dataset.sharing = String(sharing);
    this.#screens.hidden = !sharing;
    for (const place of [this.#grid, this.#screens]) place.style.setProperty("--columns", String(bestColumns(place)));
  }
}

/** The number of columns for which a picture of the usual shape comes out largest. */
function bestColumns(place) {
  const count = place.childElementCount;
  const { clientWidth: width, clientHeight: height } = place;
  if (count === 0 || width === 0 || height === 0) return 1;
  let best = { columns: 1, area: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const cellWidth = width / columns;
    const cellHeight = height / Math.ceil(count / columns);
    const pictureWidth = Math.min(cellWidth, cellHeight * RATIO);
    const area = (pictureWidth * pictureWidth) / RATIO;
    if (area > best.area * 1.001) best = { columns, area };
  }
  return best.columns;
}
