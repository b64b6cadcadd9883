import { toStreamEffects } from "../beauty/effects.js";
import type { ZegoLocalStream } from "../capture/local-stream.js";
import type { LocalStreams } from "../capture/local-streams.js";
import type { ZegoEffectsBeautyParam, ZegoServerResponse } from "../entities/index.js";

/** What the cloud makes of the pictures of this page. */
export class EffectsApi {
  constructor(private readonly locals: LocalStreams) {}

  async setBeauty(
    stream: MediaStream | ZegoLocalStream,
    enable: boolean,
    options?: ZegoEffectsBeautyParam,
  ): Promise<ZegoServerResponse> {
    const { local } = this.locals.trackOf(stream, "video");
    return local.beauty.set(toStreamEffects(enable, options));
  }
}
