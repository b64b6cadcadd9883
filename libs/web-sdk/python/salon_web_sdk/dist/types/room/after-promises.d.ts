/**
 * Runs when everything that waits on a promise just resolved has run, as a task of its own: a timer would do the same
 * a second later in a background tab.
 */
export declare function afterPromises(run: () => void): void;
