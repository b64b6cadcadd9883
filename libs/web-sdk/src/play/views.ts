import type { Beauty } from "../beauty/beauty.js";
import { ZegoStreamView } from "./stream-view.js";

/** The views that an app made, at most one for each MediaStream. */
export class Views {
  private readonly byMedia = new Map<MediaStream, ZegoStreamView>();

  /** The stream's view, made if there is none. `beauty` is that of a stream of this page. */
  of(media: MediaStream, local: boolean, beauty: Beauty | null): ZegoStreamView {
    const view = this.byMedia.get(media) ?? new ZegoStreamView(media, local, beauty);
    this.byMedia.set(media, view);
    return view;
  }

  remove(media: MediaStream): void {
    this.byMedia.get(media)?.stop();
    this.byMedia.delete(media);
  }

  removeAll(): void {
    for (const media of [...this.byMedia.keys()]) this.remove(media);
  }
}
