/**
 * A small WebAssembly emitter: modules, functions, and expressions as functions that append bytes. Skeletons (loops,
 * slices, rings) are written with it by hand; the printer of IR uses it, too.
 */

export type ValType = 0x7f | 0x7e | 0x7d | 0x7c | 0x7b;
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
export const V128 = 0x7b;

/** Appends the code of an expression or a statement. */
export type Code = (out: Bytes) => void;

/** A growing byte array. */
export class Bytes {
  #data = new Uint8Array(1024);
  length = 0;

  byte(value: number): void {
    if (this.length === this.#data.length) this.#grow(1);
    this.#data[this.length++] = value;
  }

  #grow(extra: number): void {
    const bigger = new Uint8Array(Math.max(this.#data.length * 2, this.length + extra));
    bigger.set(this.#data.subarray(0, this.length));
    this.#data = bigger;
  }

  bytes(values: ArrayLike<number>): void {
    if (this.length + values.length > this.#data.length) this.#grow(values.length);
    this.#data.set(values, this.length);
    this.length += values.length;
  }

  /** unsigned LEB128 */
  u(value: number): void {
    let v = value;
    while (v >= 128) {
      this.byte((v % 128) | 128);
      v = Math.floor(v / 128);
    }
    this.byte(v);
  }

  /** signed LEB128 of a 32-bit integer */
  s(value: number): void {
    let v = value | 0;
    for (;;) {
      const part = v & 127;
      v >>= 7;
      if ((v === 0 && (part & 64) === 0) || (v === -1 && (part & 64) !== 0)) {
        this.byte(part);
        return;
      }
      this.byte(part | 128);
    }
  }

  string(text: string): void {
    const utf8 = new TextEncoder().encode(text);
    this.u(utf8.length);
    this.bytes(utf8);
  }

  section(id: number, content: Bytes): void {
    this.byte(id);
    this.u(content.length);
    this.bytes(content.finish());
  }

  finish(): Uint8Array {
    return this.#data.slice(0, this.length);
  }
}

/** A local variable of a function. */
export interface Local {
  readonly index: number;
  readonly type: ValType;
}

export class FunctionBuilder {
  readonly #locals: ValType[] = [];
  readonly index: number;
  readonly parameters: readonly Local[];
  readonly results: readonly ValType[];
  code: Code[] = [];

  constructor(index: number, parameters: readonly ValType[], results: readonly ValType[]) {
    this.index = index;
    this.parameters = parameters.map((type, i) => ({ index: i, type }));
    this.results = results;
  }

  local(type: ValType): Local {
    this.#locals.push(type);
    return { index: this.parameters.length + this.#locals.length - 1, type };
  }

  emit(...code: Code[]): void {
    this.code.push(...code);
  }

  body(): Bytes {
    const out = new Bytes();
    const runs: [number, ValType][] = [];
    for (const type of this.#locals) {
      const last = runs[runs.length - 1];
      if (last && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    out.u(runs.length);
    for (const [count, type] of runs) {
      out.u(count);
      out.byte(type);
    }
    for (const code of this.code) code(out);
    out.byte(0x0b);
    return out;
  }
}

/** A module with one imported memory ("env", "memory"), functions, i32 globals and one table of functions. */
export class ModuleBuilder {
  readonly #functions: FunctionBuilder[] = [];
  readonly #exports: [string, FunctionBuilder][] = [];
  readonly #globals: number[] = [];
  readonly #table: FunctionBuilder[] = [];
  readonly #types: string[] = [];
  readonly #typeCode: Bytes[] = [];

  type(parameters: readonly ValType[], results: readonly ValType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    let index = this.#types.indexOf(key);
    if (index < 0) {
      index = this.#types.push(key) - 1;
      const code = new Bytes();
      code.byte(0x60);
      code.u(parameters.length);
      code.bytes(parameters);
      code.u(results.length);
      code.bytes(results);
      this.#typeCode.push(code);
    }
    return index;
  }

  function(
    parameters: readonly ValType[],
    results: readonly ValType[],
    exportName?: string,
  ): FunctionBuilder {
    const fn = new FunctionBuilder(this.#functions.length, parameters, results);
    this.#functions.push(fn);
    if (exportName !== undefined) this.#exports.push([exportName, fn]);
    return fn;
  }

  /** a mutable i32 global */
  global(initial = 0): number {
    return this.#globals.push(initial) - 1;
  }

  /** @returns the function's position in the table, for `callIndirect` */
  tabulate(fn: FunctionBuilder): number {
    return this.#table.push(fn) - 1;
  }

  finish(memory: {
    readonly shared: boolean;
    readonly initial: number;
    readonly maximum: number;
  }): Uint8Array<ArrayBuffer> {
    const functionTypes = this.#functions.map((f) =>
      this.type(
        f.parameters.map((p) => p.type),
        f.results,
      ),
    );
    const out = new Bytes();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const section = (id: number, count: number, fill: (content: Bytes) => void) => {
      const content = new Bytes();
      content.u(count);
      fill(content);
      out.section(id, content);
    };
    section(1, this.#typeCode.length, (c) => {
      for (const type of this.#typeCode) c.bytes(type.finish());
    });
    section(2, 1, (c) => {
      c.string("env");
      c.string("memory");
      c.byte(2);
      c.byte(memory.shared ? 3 : 1);
      c.u(memory.initial);
      c.u(memory.maximum);
    });
    section(3, functionTypes.length, (c) => {
      for (const type of functionTypes) c.u(type);
    });
    if (this.#table.length > 0) {
      section(4, 1, (c) => {
        c.bytes([0x70, 0x00]);
        c.u(this.#table.length);
      });
    }
    if (this.#globals.length > 0) {
      section(6, this.#globals.length, (c) => {
        for (const initial of this.#globals) {
          c.bytes([I32, 1, 0x41]);
          c.s(initial);
          c.byte(0x0b);
        }
      });
    }
    section(7, this.#exports.length, (c) => {
      for (const [name, fn] of this.#exports) {
        c.string(name);
        c.byte(0);
        c.u(fn.index);
      }
    });
    if (this.#table.length > 0) {
      section(9, 1, (c) => {
        c.bytes([0x00, 0x41, 0x00, 0x0b]);
        c.u(this.#table.length);
        for (const fn of this.#table) c.u(fn.index);
      });
    }
    section(10, this.#functions.length, (c) => {
      for (const fn of this.#functions) {
        const body = fn.body();
        c.u(body.length);
        c.bytes(body.finish());
      }
    });
    return out.finish() as Uint8Array<ArrayBuffer>;
  }
}
