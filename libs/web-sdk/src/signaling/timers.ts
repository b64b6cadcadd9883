/** Timers by name; one that is set anew does not run as before. */
export class Timers<N extends string> {
  private readonly running = new Map<N, ReturnType<typeof setTimeout>>();

  has(name: N): boolean {
    return this.running.has(name);
  }

  set(name: N, delayMs: number, run: () => void): void {
    this.clear(name);
    const timer = setTimeout(() => {
      this.running.delete(name);
      run();
    }, delayMs);
    this.running.set(name, timer);
  }

  clear(name: N): void {
    clearTimeout(this.running.get(name));
    this.running.delete(name);
  }

  clearAll(): void {
    for (const name of [...this.running.keys()]) this.clear(name);
  }
}
