/** Any event map: name to handler type. */
export type Handlers<M> = { [K in keyof M]: (...args: never[]) => void };

/**
 * Handlers run in the order of registration. One that throws fails alone: the others still run and the error is
 * reported where uncaught errors are.
 */
export class Emitter<M extends Handlers<M>> {
  private readonly handlers = new Map<keyof M, M[keyof M][]>();

  on<K extends keyof M>(event: K, handler: M[K]): boolean {
    if (typeof handler !== "function") return false;
    const list = this.handlers.get(event) ?? [];
    this.handlers.set(event, [...list, handler]);
    return true;
  }

  /** Without a handler, drops all of this event. */
  off<K extends keyof M>(event: K, handler?: M[K]): boolean {
    const list = this.handlers.get(event);
    if (list === undefined) return false;
    if (handler === undefined) return this.handlers.delete(event);
    const left = list.filter((each) => each !== handler);
    this.handlers.set(event, left);
    return left.length < list.length;
  }

  emit<K extends keyof M>(event: K, ...args: Parameters<M[K]>): void {
    for (const handler of this.handlers.get(event) ?? []) {
      try {
        (handler as (...each: Parameters<M[K]>) => void)(...args);
      } catch (thrown) {
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }

  clear(): void {
    this.handlers.clear();
  }
}
