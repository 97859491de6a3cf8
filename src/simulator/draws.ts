/** Numbers the values that are drawn for parameters and states, so that each has a stream of its own. */
export class Draws {
  #count = 0;

  readonly next = (): number => this.#count++;

  /** A change that fails has drawn nothing. */
  unlessItFails<T>(change: () => T): T {
    const count = this.#count;
    try {
      return change();
    } catch (error) {
      this.#count = count;
      throw error;
    }
  }
}
