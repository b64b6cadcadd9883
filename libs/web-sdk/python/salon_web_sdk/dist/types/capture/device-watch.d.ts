/** Tells which devices were plugged in and out. */
export declare class DeviceWatch {
    private readonly changed;
    private known;
    private watched;
    private queue;
    private readonly onChange;
    constructor(changed: (type: "ADD" | "DELETE", device: MediaDeviceInfo) => void);
    start(): void;
    stop(): void;
    /** Reads the list anew; without `tell` because a permission has changed what the page may see of it. */
    refresh(tell: boolean): void;
    private tell;
}
