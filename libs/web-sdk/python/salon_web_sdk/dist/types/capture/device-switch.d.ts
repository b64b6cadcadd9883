/** Which camera or microphone is wanted instead. */
export type DeviceChoice = {
    deviceId: ConstrainDOMString;
} | {
    facingMode: ConstrainDOMString;
};
/** Opens another device with the wishes that the one before was opened with; rejects with the code that tells why not. */
export declare function openInstead(kind: "audio" | "video", wishes: MediaTrackConstraints, choice: DeviceChoice): Promise<MediaStreamTrack>;
