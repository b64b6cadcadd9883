/** Hidden by browsers on pages without HTTPS, and absent where there is no browser: servers render pages too. */
export function mediaDevices(): MediaDevices | undefined {
  return (globalThis.navigator as { mediaDevices?: MediaDevices } | undefined)?.mediaDevices;
}
