// The chat: messages, who came and who went, and how many messages nobody has looked at.

const KEPT = 500;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export class Chat {
  #panel = document.getElementById("chat");
  #log = document.getElementById("chat-log");
  #form = document.getElementById("chat-form");
  #input = document.getElementById("chat-input");
  #button = document.getElementById("chat-button");
  #badge = document.getElementById("unread");
  #unread = 0;

  /** `send` takes a text and rejects with an error whose message is for people. */
  constructor(send) {
    this.#button.addEventListener("click", () => this.toggle(this.#panel.hidden));
    document.getElementById("chat-close").addEventListener("click", () => this.#close());
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (text === "") return;
      this.#input.value = "";
      void this.#send(send, text);
    });
  }

  toggle(open, focus = true) {
    this.#panel.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.#setUnread(0);
    this.#log.scrollTop = this.#log.scrollHeight;
    if (focus) this.#input.focus();
  }

  message(name, text, timeMs) {
    const item = document.createElement("li");
    const who = document.createElement("span");
    who.className = "who";
    who.textContent = name;
    const time = document.createElement("time");
    const when = new Date(timeMs || Date.now());
    time.dateTime = when.toISOString();
    time.textContent = clock.format(when);
    who.append(" ", time);
    item.append(who, text);
    this.#append(item);
    if (this.#panel.hidden) this.#setUnread(this.#unread + 1);
    return item;
  }

  notice(text) {
    const item = document.createElement("li");
    item.className = "notice";
    item.textContent = text;
    this.#append(item);
  }

  clear() {
    this.#log.replaceChildren();
    this.#setUnread(0);
  }

  #close() {
    this.toggle(false);
    this.#button.focus();
  }

  async #send(send, text) {
    const item = this.message("You", text, Date.now());
    try {
      await send(text);
    } catch (error) {
      const failed = document.createElement("span");
      failed.className = "failed";
      failed.textContent = ` Not sent. ${error.message}`;
      item.append(failed);
    }
  }

  #append(item) {
    const log = this.#log;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    log.append(item);
    while (log.childElementCount > KEPT) log.firstElementChild.remove();
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  #setUnread(count) {
    this.#unread = count;
    this.#badge.hidden = count === 0;
    this.#badge.textContent = count > 99 ? "99+" : String(count);
    this.#button.setAttribute("aria-label", count === 0 ? "Chat" : `Chat, ${count} unread`);
  }
}
