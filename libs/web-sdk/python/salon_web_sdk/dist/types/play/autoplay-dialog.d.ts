/** The browser wants a gesture before it plays; the next one anywhere starts all that wait. */
export declare function playAfterGesture(element: HTMLMediaElement, container: HTMLElement | null, start: () => void): void;
export declare function forgetGesture(element: HTMLMediaElement): void;
