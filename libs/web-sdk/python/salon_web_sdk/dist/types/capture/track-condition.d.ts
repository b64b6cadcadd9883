/** What a device's track is good for: nothing more will come, the system holds it back, or it gives. */
export type TrackCondition = "ended" | "held" | "live";
export declare function troubleCode(condition: "ended" | "held", kind: string): number;
/** Tells of every change that lasts; a track begins as live. What is stopped by the page itself fires nothing. */
export declare function watchTrack(track: MediaStreamTrack, changed: (condition: TrackCondition) => void): void;
