/** Told once by the entry file: only it knows how it was loaded. */
export declare function rememberScriptUrl(url: string | null | undefined): void;
/** WebSocket addresses in the order to try; never a repeated one. Empty if nothing usable was given. */
export declare function socketUrls(server: string | readonly string[] | null | undefined, pageUrl?: string | undefined): string[];
