import { describe, expect, it } from "vitest";
import { Builder } from "../../src/compiler/builder.js";
import type { IrFunction, IrType, Value } from "../../src/compiler/ir.js";
import { validateIr } from "../../src/compiler/ir.js";
import * as math from "../../src/compiler/math.js";
import { compileJsOverArrays } from "../../src/compiler/print-js.js";
import {
  get,
  i32,
  increase,
  loadSplat32,
  loadSplat64,
  loadV,
  ltU,
  set,
  storeV,
  whileLoop,
} from "../../src/compiler/wasm/code.js";
import { I32, ModuleBuilder } from "../../src/compiler/wasm/encoder.js";
import { VectorPrinter } from "../../src/compiler/wasm/print-vector.js";
import { Simulator } from "../../src/index.js";

const N = 32;
const slot = (k: number) => 4096 + k * N * 8;

/** runs a function over arrays in WebAssembly; inputs and outputs by variable id */
function runVector(
  fn: IrFunction,
  groups: number,
  arrays: Map<number, ArrayLike<number>>,
): Map<number, number[]> {
  const module = new ModuleBuilder();
  const f = module.function([], [], "run");
  const printer = new VectorPrinter(f, fn, groups);
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
  const view = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Int32Array };
  const address = new Map<number, number>();
  const place = (id: number) => address.get(id) ?? address.set(id, slot(address.size)).get(id)!;
  const i = f.local(I32);
  const loads = [];
  for (const { variable } of fn.inputs) {
    new view[variable.type](memory.buffer, place(variable.id), N).set(arrays.get(variable.id)!);
    const shift = variable.type === "f64" ? 2 : 1;
    if (printer.isUniform(variable)) {
      f.emit(
        set(
          printer.parts(variable)[0]!,
          (variable.type === "f64" ? loadSplat64 : loadSplat32)(i32(place(variable.id))),
        ),
      );
    } else {
      for (const [p, part] of printer.parts(variable).entries()) {
        loads.push(set(part, loadV(addressOf(f, i, shift === 2), place(variable.id) + 16 * p)));
      }
    }
  }
  const stores = fn.outputs.flatMap((variable) =>
    printer
      .parts(variable)
      .map((part, p) =>
        storeV(addressOf(f, i, variable.type === "f64"), get(part), place(variable.id) + 16 * p),
      ),
  );
  f.emit(
    ...printer.before,
    whileLoop(ltU(get(i), i32(N)), ...loads, ...printer.body, ...stores, increase(i, i32(4 * groups))),
  );
  const bytes = module.finish({ shared: false, initial: 4, maximum: 4 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  (instance.exports.run as () => void)();
  return new Map(fn.outputs.map((o) => [o.id, [...new view[o.type](memory.buffer, place(o.id), N)]]));
}

import { shl } from "../../src/compiler/wasm/code.js";
import type { FunctionBuilder, Local } from "../../src/compiler/wasm/encoder.js";

function addressOf(_f: FunctionBuilder, i: Local, wide: boolean) {
  return shl(get(i), i32(wide ? 3 : 2));
}

/** the same function in JavaScript */
function runScalar(fn: IrFunction, arrays: Map<number, ArrayLike<number>>): Map<number, number[]> {
  const { arrayIds, uniformIds, run } = compileJsOverArrays(fn);
  const stores = new Map<number, number[]>();
  const data = arrayIds.map((id) => {
    const copy = arrays.has(id) ? Array.from(arrays.get(id)!) : new Array<number>(N).fill(0);
    stores.set(id, copy);
    return copy;
  });
  const uniforms = uniformIds.map((id) => arrays.get(id)![0]!);
  for (let i = 0; i < N; i++) run(i, data, uniforms);
  return new Map(fn.outputs.map((o) => [o.id, stores.get(o.id)!]));
}

function compare(
  define: (b: Builder, x: Value, y: Value, u: Value) => Value,
  type: IrType,
  sample: (i: number) => number,
  result = type,
): void {
  for (const groups of [1, 2]) {
    for (const uniform of [false, true]) {
      const b = new Builder();
      const [x, y, u] = [b.variable("x", type), b.variable("y", type), b.variable("u", type)];
      const out = b.variable("out", result);
      b.set(out, define(b, b.get(x), b.get(y), b.get(u)));
      const fn = b.finish(
        "f",
        [
          { variable: x, uniform: false },
          { variable: y, uniform },
          { variable: u, uniform: true },
        ],
        [out],
      );
      validateIr(fn);
      const rounded = (v: number) => (type === "f32" ? Math.fround(v) : v);
      const arrays = new Map([
        [x.id, Array.from({ length: N }, (_, i) => rounded(sample(i)))],
        [y.id, Array.from({ length: N }, (_, i) => rounded(sample(uniform ? 5 : (i * 7 + 3) % N)))],
        [u.id, new Array<number>(N).fill(rounded(sample(11)))],
      ]);
      const scalar = runScalar(fn, arrays)
        .get(out.id)!
        .map((v) => (result === "f32" ? Math.fround(v) : v));
      expect(runVector(fn, groups, arrays).get(out.id)).toEqual(scalar);
    }
  }
}

describe("SIMD and scalar printers agree in every bit", () => {
  const floats: [string, (b: Builder, x: Value, y: Value, u: Value) => Value][] = [
    ["arithmetic", (b, x, y, u) => b.div(b.sub(b.mul(x, y), u), b.add(b.abs(x), b.constant(x.type, 1)))],
    [
      "min, max, neg, floor, ceil",
      (b, x, y, u) => b.add(b.min(x, b.neg(y)), b.sub(b.floor(b.max(x, u)), b.ceil(y))),
    ],
    ["sqrt and select", (b, x, y) => b.select(b.lt(x, y), b.sqrt(b.abs(x)), y)],
    [
      "conversions",
      (b, x, y) =>
        b.add(
          b.convert(x.type, b.convert("i32", x)),
          b.convert(x.type, b.convert("f64", b.convert("f32", y))),
        ),
    ],
    ["exp", (b, x) => math.exp(b, x)],
    ["log", (b, x) => math.log(b, b.abs(x))],
    ["pow", (b, x, y) => math.pow(b, x, y)],
    ["sin", (b, x) => math.sin(b, x)],
    ["erf", (b, x) => math.erf(b, x)],
    [
      "a loop that ends at different times per lane",
      (b, x) => {
        const n = b.variable("n", x.type);
        const v = b.variable("v", x.type);
        b.set(n, b.constant(x.type, 0));
        b.set(v, b.abs(x));
        b.while(
          [n, v],
          () => b.gt(b.get(v), b.constant(x.type, 0.5)),
          () => {
            b.set(v, b.mul(b.get(v), b.constant(x.type, 0.75)));
            b.if(
              b.lt(x, b.constant(x.type, 0)),
              () => b.set(n, b.add(b.get(n), b.constant(x.type, 1))),
              () => b.set(n, b.sub(b.get(n), b.get(v))),
            );
          },
        );
        return b.get(n);
      },
    ],
    [
      "branches on a uniform condition",
      (b, x, y, u) => {
        const v = b.variable("v", x.type);
        b.set(v, x);
        b.if(
          b.gt(u, b.constant(x.type, 0)),
          () => b.set(v, y),
          () => b.if(b.gt(x, y), () => b.set(v, u)),
        );
        return b.get(v);
      },
    ],
  ];
  for (const [name, define] of floats) {
    it(`${name}, f32`, () => compare(define, "f32", (i) => Math.sin(i * 12.9) * 20));
    it(`${name}, f64`, () => compare(define, "f64", (i) => Math.sin(i * 12.9) * 20));
  }
  it("integers", () => {
    const sample = (i: number) => (Math.sin(i * 3.3) * 2 ** 31) | 0;
    compare(
      (b, x, y, u) => b.xor(b.add(b.mul(x, y), b.shl(u, 3)), b.or(b.shr(x, 5), b.and(y, u))),
      "i32",
      sample,
    );
    compare((b, x, y) => b.min(b.abs(x), b.max(b.neg(y), x)), "i32", sample);
    const unsigned = (i: number) => sample(i) >>> 0;
    compare((b, x, y, u) => b.xor(b.mulhi(x, y), b.add(b.shr(x, 7), b.mul(y, u))), "u32", unsigned);
    compare((b, x) => math.philox(b, [x, x, x, x], [x, x])[2], "u32", unsigned);
    compare((b, x) => math.normalInverse(b, math.uniform(b, x)), "u32", unsigned, "f64");
    compare((b, x) => math.uniform(b, x, "f32"), "u32", unsigned, "f32");
  });
});

describe("a neuron with many receptors", () => {
  it("has more values in a step than WebAssembly has places for, which are used again", async () => {
    const receptors = 60;
    const each = (value: number) => new Array<number>(receptors).fill(value);
    const run = async (device: "cpu" | "reference") => {
      const sim = await Simulator.create({ device, threads: 1, precision: "float64", seed: 2 });
      const neurons = sim.create("aeif_cond_beta_multisynapse", 5, {
        ...{ E_rev: each(0), tau_rise: each(0.5), tau_decay: each(3) },
      });
      const drive = sim.create("poisson_generator", 1, { rate: 400 });
      for (const receptor of [0, 31, 59])
        sim.connect(drive, neurons, "all_to_all", { weight: 4, delay: 1, receptor });
      const spikes = sim.record(neurons);
      await sim.simulate(60);
      const { senders, times } = spikes.events;
      const events = Array.from(senders, (s, k) => `${s} ${times[k]}`);
      sim.dispose();
      return events;
    };
    const events = await run("cpu");
    expect(events.length).toBeGreaterThan(5);
    expect(events).toEqual(await run("reference"));
  });
});
