import { mock } from "node:test";

let nowMs = 0;

/** Timers and the monotonic clock move only when told to. */
export function stopTime(): void {
  nowMs = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  performance.now = () => nowMs;
}

export function advance(stepMs: number): void {
  nowMs += stepMs;
  mock.timers.tick(stepMs);
}

/** Lets everything that waits on promises, and the message channel behind `afterPromises`, go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
