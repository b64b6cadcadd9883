/**
 * Adds format parameters of the sender's own choosing to one media section of an answer; the browser reads them as the
 * receiver's wish. There is no other way to set a start bitrate, stereo or discontinuous transmission.
 */
export declare function withFormatParameters(sdp: string, mid: string, codecs: readonly string[], parameters: Readonly<Record<string, string | number>>): string;
