/**
 * Adds format parameters of the sender's own choosing to one media section of an answer; the browser reads them as the
 * receiver's request. There is no other way to set a start bitrate, stereo or discontinuous transmission.
 */
export function withFormatParameters(
  sdp: string,
  mid: string,
  codecs: readonly string[],
  parameters: Readonly<Record<string, string | number>>,
): string {
  const added = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  if (added.length === 0) return sdp;
  const sections = sdp.split(/(?=^m=)/m);
  return sections
    .map((section) => (hasMid(section, mid) ? extend(section, codecs, added.join(";")) : section))
    .join("");
}

function hasMid(section: string, mid: string): boolean {
  return section.split(/\r?\n/).includes(`a=mid:${mid}`);
}

function extend(section: string, codecs: readonly string[], added: string): string {
  const lines = section.split("\r\n");
  const fmtp = new Map<string, number>();
  lines.forEach((line, index) => {
    const match = /^a=fmtp:(\d+) /.exec(line);
    if (match?.[1] !== undefined) fmtp.set(match[1], index);
  });
  return lines
    .flatMap((line, index) => {
      const map = /^a=rtpmap:(\d+) ([^/]+)\//.exec(line);
      const payloadType = map?.[1];
      const wanted = codecs.includes((map?.[2] ?? "").toLowerCase());
      if (payloadType !== undefined && wanted && !fmtp.has(payloadType))
        return [line, `a=fmtp:${payloadType} ${added}`];
      const own = /^a=fmtp:(\d+) /.exec(line)?.[1];
      if (own !== undefined && fmtp.get(own) === index && isCodec(lines, own, codecs)) return [`${line};${added}`];
      return [line];
    })
    .join("\r\n");
}

function isCodec(lines: readonly string[], payloadType: string, codecs: readonly string[]): boolean {
  return lines.some((line) => {
    const map = /^a=rtpmap:(\d+) ([^/]+)\//.exec(line);
    return map?.[1] === payloadType && codecs.includes((map[2] ?? "").toLowerCase());
  });
}
