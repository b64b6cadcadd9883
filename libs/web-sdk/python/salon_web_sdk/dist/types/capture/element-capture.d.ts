/** Narrows the capture of this tab to one element, or stops it and says why not: never more than was asked for is shared. */
export declare function narrowTo(stream: MediaStream, element: HTMLElement): Promise<void>;
