import { Backoff, OVERLOAD_PAUSES } from "../backoff.js";
import { RequestFailed } from "../errors.js";
import type { MediaKind } from "./peer.js";

/** Keeps what the server knows of a stream's muted kinds at the newest: one request at a time, and not all of them. */
export class MuteReport {
  private reported = "";
  private asking = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly pauses = new Backoff(OVERLOAD_PAUSES);
  private over = false;

  constructor(
    private readonly present: () => MediaKind[],
    private readonly send: (mutedKinds: MediaKind[]) => Promise<unknown>,
  ) {}

  /** What the stream is announced with. */
  announced(): MediaKind[] {
    const kinds = this.present();
    this.reported = kinds.join();
    return kinds;
  }

  /** The stream is there, and something may have changed since it was announced. */
  refresh(): void {
    const kinds = this.present();
    const wanted = kinds.join();
    if (this.over || this.asking || this.timer !== null || wanted === this.reported) return;
    this.asking = true;
    this.send(kinds).then(
      () => {
        this.asking = false;
        this.reported = wanted;
        this.pauses.reset();
        this.refresh();
      },
      (thrown: unknown) => {
        this.asking = false;
        this.failed(thrown);
      },
    );
  }

  stop(): void {
    this.over = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private failed(thrown: unknown): void {
    if (thrown instanceof RequestFailed && !thrown.retryable) {
      // An older server does not know the request. Or it does not have the stream any more: then it is announced anew.
      this.over ||= thrown.reason === "request-malformed";
      return;
    }
    if (this.over) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.refresh();
    }, this.pauses.nextMs());
  }
}
