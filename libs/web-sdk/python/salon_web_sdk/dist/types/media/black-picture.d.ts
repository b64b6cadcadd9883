/** A black picture in place of a camera that gives none: the others would look at its last frame for ever. */
export declare class BlackPicture {
    /** Null where canvases cannot be captured. */
    readonly track: MediaStreamTrack | null;
    private timer;
    /** As large as the picture was, for layouts to stay as they are. */
    constructor({ width, height }: MediaTrackSettings);
    stop(): void;
}
