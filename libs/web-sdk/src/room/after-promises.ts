/**
 * Runs when everything that waits on a promise just resolved has run, as a task of its own: a timer would do the same
 * a second later in a background tab.
 */
export function afterPromises(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(null);
}
