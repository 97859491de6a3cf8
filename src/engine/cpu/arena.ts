/** Plans the contents of a thread's memory: addresses first, contents once the memory exists. */

export class Arena {
  #end: number;
  readonly #writers: ((buffer: ArrayBufferLike) => void)[] = [];

  constructor(start: number) {
    this.#end = start;
  }

  get end(): number {
    return this.#end;
  }

  /** @returns the address of fresh zeroed bytes */
  alloc(bytes: number, align = 64): number {
    const address = Math.ceil(this.#end / align) * align;
    this.#end = address + bytes;
    return address;
  }

  /** 32-bit words with contents */
  words(values: ArrayLike<number>): number {
    const address = this.alloc(4 * values.length, 16);
    this.#writers.push((buffer) => new Uint32Array(buffer, address, values.length).set(values));
    return address;
  }

  later(write: (buffer: ArrayBufferLike) => void): void {
    this.#writers.push(write);
  }

  write(buffer: ArrayBufferLike): void {
    for (const w of this.#writers) w(buffer);
  }
}
