import { mediaDevices } from "./media-devices.js";

/** Names for "whatever is chosen now", which come and go with the devices they stand for. */
const ALIASES: readonly string[] = ["default", "communications"];

/** Tells which devices were plugged in and out. */
export class DeviceWatch {
  private known: readonly MediaDeviceInfo[] | null = null;
  private watched: MediaDevices | null = null;
  private queue: Promise<void> = Promise.resolve();
  private readonly onChange = (): void => this.refresh(true);

  constructor(private readonly changed: (type: "ADD" | "DELETE", device: MediaDeviceInfo) => void) {}

  start(): void {
    const devices = mediaDevices();
    if (this.watched !== null || devices === undefined) return;
    this.watched = devices;
    devices.addEventListener("devicechange", this.onChange);
    this.refresh(false);
  }

  stop(): void {
    this.watched?.removeEventListener("devicechange", this.onChange);
    this.watched = null;
    this.known = null;
  }

  /** Reads the list anew; without `report` because a permission has changed what the page may see of it. */
  refresh(report: boolean): void {
    const devices = this.watched;
    if (devices === null) return;
    this.queue = this.queue.then(async () => {
      let found: MediaDeviceInfo[];
      try {
        found = await devices.enumerateDevices();
      } catch {
        // The next change asks again.
        return;
      }
      if (this.watched !== devices) return;
      const before = this.known;
      this.known = found.filter(({ deviceId }) => !ALIASES.includes(deviceId));
      if (report && before !== null) this.report(before, this.known);
    });
  }

  private report(before: readonly MediaDeviceInfo[], now: readonly MediaDeviceInfo[]): void {
    const missing = (from: readonly MediaDeviceInfo[], one: MediaDeviceInfo): boolean =>
      !from.some((each) => each.kind === one.kind && each.deviceId === one.deviceId);
    // Before a permission, one entry without an id stands for all of a kind.
    const comparable = (one: MediaDeviceInfo): boolean =>
      ![...before, ...now].some((each) => each.kind === one.kind && each.deviceId === "");
    for (const one of before) if (comparable(one) && missing(now, one)) this.changed("DELETE", one);
    for (const one of now) if (comparable(one) && missing(before, one)) this.changed("ADD", one);
  }
}
