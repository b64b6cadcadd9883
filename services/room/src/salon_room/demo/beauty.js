// The beauty panel: switch, four sliders, and the button that shows one's original picture while it is held.
import { recall, remember } from "./memory.js";

const KEY = "salon-beauty";
const NAMES = ["smooth", "whiten", "rosy", "sharpen"];
const DEFAULT = 50;

function known() {
  let stored = {};
  try {
    stored = JSON.parse(recall(KEY)) ?? {};
  } catch {
    // Nothing stored, or by another version of this page.
  }
  const wish = { on: stored.on === true };
  for (const name of NAMES) {
    const value = stored[name];
    wish[name] = Number.isInteger(value) && value >= 0 && value <= 100 ? value : DEFAULT;
  }
  return wish;
}

const STATES = {
  off: "",
  asking: "Turning on …",
  ready: "",
  on: "On: the others see you with it.",
  unavailable: "The server cannot do it at the moment: the others see the original. It tries again by itself.",
  recovered: "It works again: the others see you with it.",
  camera: "You have no camera in this call.",
};

export class BeautyPanel {
  #panel = document.getElementById("beauty");
  #button = document.getElementById("beauty-button");
  #switch = document.getElementById("beauty-switch");
  #compare = document.getElementById("beauty-compare");
  #state = document.getElementById("beauty-state");
  #sliders = new Map(NAMES.map((name) => [name, document.getElementById(`beauty-${name}`)]));
  #wish = known();
  #hasCamera = false;
  #changed;
  #held;

  /** `changed` gets the wish after every change; `held` whether the original is to be shown. */
  constructor({ changed, held, opened }) {
    this.#changed = changed;
    this.#held = held;
    this.#button.addEventListener("click", () => {
      this.toggle(this.#panel.hidden);
      if (!this.#panel.hidden) opened();
    });
    document.getElementById("beauty-close").addEventListener("click", () => this.#close());
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close();
    });
    this.#switch.addEventListener("change", () => this.#change({ on: this.#switch.checked }));
    for (const [name, slider] of this.#sliders) {
      slider.addEventListener("input", () => this.#change({ [name]: slider.valueAsNumber }));
    }
    document.getElementById("beauty-reset").addEventListener("click", () => {
      this.#change(Object.fromEntries(NAMES.map((name) => [name, DEFAULT])));
    });
    this.#listenToHolding();
    this.#refresh();
  }

  /** `{ on, smooth, whiten, rosy, sharpen }`, as last left. */
  get wish() {
    return { ...this.#wish };
  }

  toggle(open) {
    this.#panel.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) (this.#hasCamera ? this.#switch : document.getElementById("beauty-close")).focus();
    else this.#release();
  }

  /** Whether there is a picture of one's own. */
  setCamera(hasCamera) {
    this.#hasCamera = hasCamera;
    if (!hasCamera) this.#release();
    this.#refresh();
  }

  /** One of the states above, or an error in words. */
  tell(state, text = STATES[state]) {
    if (this.#state.dataset.state === state && this.#state.textContent === text) return;
    this.#state.dataset.state = state;
    this.#state.textContent = text;
    this.#state.hidden = text === "";
    this.#button.dataset.trouble = String(state === "unavailable" || state === "error");
  }

  #close() {
    this.toggle(false);
    this.#button.focus();
  }

  #change(part) {
    Object.assign(this.#wish, part);
    remember(KEY, JSON.stringify(this.#wish));
    this.#refresh();
    this.#changed(this.wish);
  }

  #refresh() {
    const { on } = this.#wish;
    this.#switch.checked = on;
    this.#switch.disabled = !this.#hasCamera;
    this.#button.dataset.on = String(on && this.#hasCamera);
    this.#compare.disabled = !on || !this.#hasCamera;
    if (this.#compare.disabled) this.#release();
    for (const [name, slider] of this.#sliders) {
      slider.value = String(this.#wish[name]);
      slider.disabled = !on || !this.#hasCamera;
      // Where the filled part of the track ends.
      slider.style.setProperty("--value", `${this.#wish[name]}%`);
      slider.nextElementSibling.textContent = String(this.#wish[name]);
    }
  }

  // ---- hold to compare ----

  #listenToHolding() {
    const button = this.#compare;
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.#hold();
    });
    for (const type of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
      button.addEventListener(type, () => this.#release());
    }
    button.addEventListener("keydown", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      this.#hold();
    });
    button.addEventListener("keyup", () => this.#release());
    // A long touch would open a menu.
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #hold() {
    if (this.#compare.disabled || this.#compare.dataset.held === "true") return;
    this.#compare.dataset.held = "true";
    this.#held(true);
  }

  #release() {
    if (this.#compare.dataset.held !== "true") return;
    this.#compare.dataset.held = "false";
    this.#held(false);
  }
}
