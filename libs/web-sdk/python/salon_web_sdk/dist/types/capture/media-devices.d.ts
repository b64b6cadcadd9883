/** Hidden by browsers on pages without HTTPS, and absent where there is no browser: servers render pages too. */
export declare function mediaDevices(): MediaDevices | undefined;
