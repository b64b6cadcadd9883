import { ZegoExpressEngine } from "../src/index.js";
import type { Reply } from "../src/signaling/messages.js";
import { FakePeerConnection, installFakeMedia } from "./fake-media.js";
import { FakeServer } from "./fake-socket.js";
import { settle, stopTime } from "./fake-time.js";

/** One engine in a page without a browser, the server it talks to, and what the app hears. */
export class EngineFixture {
  readonly server = new FakeServer();
  readonly engine = new ZegoExpressEngine(7, "ws://one/ws");
  readonly reported: unknown[][] = [];

  constructor() {
    stopTime();
    installFakeMedia();
    const { server } = this;
    Object.assign(globalThis, {
      WebSocket: function (url: string) {
        return server.factory(url);
      },
    });
    this.engine.setLogConfig({ logLevel: "disable" });
    this.engine.on("publisherStateUpdate", ({ state, errorCode }) => this.reported.push([state, errorCode]));
    this.engine.on("playerStateUpdate", ({ state, errorCode }) => this.reported.push([state, errorCode]));
    this.engine.on("deviceError", (code, name) => this.reported.push(["deviceError", code, name]));
    this.engine.on("tokenWillExpire", (roomID) => this.reported.push(["tokenWillExpire", roomID]));
  }

  async login(token = "04", loggedIn: Record<string, unknown> = {}): Promise<void> {
    const login = this.engine.loginRoom("room", token, { userID: "ann" });
    this.server.accept(loggedIn);
    await login;
    await settle();
  }

  /** Answers the newest request with that body. */
  async answer(body: string, result: Reply): Promise<void> {
    const { last } = this.server;
    last.reply(last.find(body), result);
    await settle();
  }

  async answered(body: string): Promise<void> {
    await this.answer(body, { answer: { sdp: "v=0" } });
  }

  /** How often the server was asked with that body. */
  asked(body: string): number {
    return this.server.sockets.flatMap((socket) => socket.sent).filter((each) => body in each).length;
  }

  /** What leaves in the newest peer connection, by kind. */
  sent(kind: string): unknown {
    const found = FakePeerConnection.last?.transceivers.filter((each) => each.kind === kind).at(-1);
    return found?.sender.track;
  }
}
