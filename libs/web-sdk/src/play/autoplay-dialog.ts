// What browsers count as a gesture for fingers, mice and keys alike: a finger that only touches down is none yet.
const GESTURES = ["pointerup", "keydown"] as const;

interface Waiting {
  note: HTMLElement | null;
  start: () => void;
}

const waiting = new Map<HTMLMediaElement, Waiting>();

function resumeAll(): void {
  for (const type of GESTURES) document.removeEventListener(type, resumeAll, true);
  const all = [...waiting.values()];
  waiting.clear();
  for (const { note, start } of all) {
    note?.remove();
    start();
  }
}

/** The browser wants a gesture before it plays; the next one anywhere starts all that wait. */
export function playAfterGesture(element: HTMLMediaElement, container: HTMLElement | null, start: () => void): void {
  if (waiting.has(element)) return;
  if (waiting.size === 0) for (const type of GESTURES) document.addEventListener(type, resumeAll, true);
  waiting.set(element, { note: container === null ? null : showNote(container), start });
}

export function forgetGesture(element: HTMLMediaElement): void {
  waiting.get(element)?.note?.remove();
  waiting.delete(element);
}

function showNote(container: HTMLElement): HTMLElement {
  const note = document.createElement("div");
  note.setAttribute("role", "status");
  note.textContent = "Playback is paused by the browser. Click anywhere to start it.";
  // Set one by one through the object model, which a strict content security policy allows.
  Object.assign(note.style, {
    position: "absolute",
    left: "50%",
    bottom: "12px",
    transform: "translateX(-50%)",
    maxWidth: "90%",
    padding: "8px 12px",
    borderRadius: "8px",
    background: "rgba(0, 0, 0, 0.75)",
    color: "#fff",
    font: "14px/1.4 system-ui, sans-serif",
    pointerEvents: "none",
    zIndex: "2",
  });
  if (getComputedStyle(container).position === "static") container.style.position = "relative";
  container.append(note);
  return note;
}
