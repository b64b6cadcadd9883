// Own timers, because those of Node's test runner differ between its versions.
interface Timer {
  id: number;
  atMs: number;
  run: () => void;
}

let nowMs = 0;
let lastId = 0;
let timers: Timer[] = [];

/** Timers and the monotonic clock move only when told to. */
export function stopTime(): void {
  nowMs = 0;
  timers = [];
  const set = (run: () => void, delayMs = 0): number => {
    lastId += 1;
    timers.push({ id: lastId, atMs: nowMs + delayMs, run });
    return lastId;
  };
  const clear = (id: number | null | undefined): void => {
    timers = timers.filter((timer) => timer.id !== id);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  Object.defineProperty(performance, "now", { configurable: true, writable: true, value: () => nowMs });
}

/** Runs what is due, each timer at its own time, those that timers set included. */
export function advance(stepMs: number): void {
  const endMs = nowMs + stepMs;
  for (;;) {
    const due = timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs || a.id - b.id)[0];
    if (due === undefined) break;
    timers = timers.filter((timer) => timer !== due);
    nowMs = Math.max(nowMs, due.atMs);
    due.run();
  }
  nowMs = endMs;
}

/** Lets everything that waits on promises, and the message channel behind `afterPromises`, go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
