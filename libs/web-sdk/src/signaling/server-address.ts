let scriptUrl: string | null = null;

/** Told once by the entry file: only it knows how it was loaded. */
export function rememberScriptUrl(url: string | null | undefined): void {
  scriptUrl = url ?? null;
}

function socketUrl(text: string, base: string | undefined): string | null {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    return null;
  }
  const protocol = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }[url.protocol];
  if (protocol === undefined) return null;
  const path = url.pathname === "/" ? "/ws" : url.pathname;
  return `${protocol}//${url.host}${path}${url.search}`;
}

function ownServer(pageUrl: string | undefined): string | null {
  // A bundled SDK is served by the app, not by Salon; only the path Salon serves it under tells the difference.
  if (scriptUrl !== null && /\/sdk\/ZegoExpressWebRTC\.m?js$/.test(scriptUrl.split(/[?#]/, 1)[0] ?? "")) {
    return socketUrl("../ws", scriptUrl); // a proxy may serve both below a path
  }
  return pageUrl === undefined ? null : socketUrl("/ws", pageUrl);
}

/** WebSocket addresses in the order to try; never a repeated one. Empty if nothing usable was given. */
export function socketUrls(
  server: string | readonly string[] | null | undefined,
  pageUrl: string | undefined = typeof location === "undefined" ? undefined : location.href,
): string[] {
  const given = (Array.isArray(server) ? (server as readonly string[]) : [server as string | null | undefined]).filter(
    (each): each is string => typeof each === "string" && each.trim() !== "",
  );
  const urls = given.map((each) => socketUrl(each.trim(), pageUrl));
  if (given.length === 0) urls.push(ownServer(pageUrl));
  return [...new Set(urls.filter((each): each is string => each !== null))];
}
