/** A state, the table of what may follow what, and the one place that assigns it. */
export class StateMachine<S extends string> {
  constructor(
    private current: S,
    private readonly allowed: Readonly<Record<S, readonly S[]>>,
    private readonly noun: string,
  ) {}

  get state(): S {
    return this.current;
  }

  is(...states: S[]): boolean {
    return states.includes(this.current);
  }

  may(next: S): boolean {
    return this.allowed[this.current].includes(next);
  }

  become(next: S): void {
    // A transition outside the table is a bug of ours, never a peer's mistake.
    if (!this.may(next)) throw new Error(`${this.noun}: ${this.current} -> ${next} is not allowed`);
    this.current = next;
  }
}
