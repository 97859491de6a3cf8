/** The models of a network as CUDA C++: one function that updates a neuron, with a case for every compiled form of a model. */

import { Builder } from "../../compiler/builder.js";
import { type Value, walk } from "../../compiler/ir.js";
import * as math from "../../compiler/math.js";
import { CUDA_TYPES, printCudaBody, printCudaFunction } from "../../compiler/print-cuda.js";
import type { NeuronProgram } from "../../compiler/program.js";
import type { Calibration } from "../calibration.js";
import { drawValue } from "../draw.js";
import type { Network } from "../network.js";
import type { CommonPlan } from "./common-values.js";

/** One compiled form: which constants all neurons share, how each receptor is summed. */
export interface Variant {
  readonly program: NeuronProgram;
  readonly uniform: readonly boolean[];
  readonly rings: readonly ("i32" | "f64")[];
  /** by binding: the index of its array of reals (ints), or of its value among the shared ones */
  readonly places: readonly number[];
  readonly reals: number;
  readonly ints: number;
  readonly realStates: number;
  readonly intStates: number;
  readonly realUniforms: number;
  readonly intUniforms: number;
}

function makeVariant(
  program: NeuronProgram,
  uniform: readonly boolean[],
  rings: readonly ("i32" | "f64")[],
): Variant {
  const counts = { reals: 0, ints: 0, realUniforms: 0, intUniforms: 0 };
  const places = program.bindings.map(() => -1);
  const take = (binding: number, shared: boolean) => {
    const integer = program.update.inputs[binding]!.variable.type === "i32";
    const kind = shared ? (integer ? "intUniforms" : "realUniforms") : integer ? "ints" : "reals";
    places[binding] = counts[kind]++;
  };
  // states first: only they are written back
  program.bindings.forEach((b, k) => {
    if (b.kind === "state") take(k, false);
  });
  const [realStates, intStates] = [counts.reals, counts.ints];
  program.bindings.forEach((b, k) => {
    if (b.kind === "continuous") take(k, false);
    else if (b.kind === "constant") take(k, uniform[b.index]!);
  });
  return { program, uniform, rings, places, realStates, intStates, ...counts };
}

/** The most that any has of something; 1 at least, as the sizes of arrays must be. */
export const mostOf = (variants: readonly Variant[], pick: (v: Variant) => number): number =>
  Math.max(1, ...variants.map(pick));

export function planVariants(
  network: Network,
  calibration: Calibration,
): { variants: readonly Variant[]; variantOf: readonly number[] } {
  const variants: Variant[] = [];
  const variantOf = network.populations.map((p) => {
    const uniform = p.constants.map((c) => typeof c === "number");
    const rings = calibration.rings[p.index]!.map((r) => r.form);
    const same = variants.findIndex(
      (v) =>
        v.program === p.program && String(v.uniform) === String(uniform) && String(v.rings) === String(rings),
    );
    return same >= 0 ? same : variants.push(makeVariant(p.program, uniform, rings)) - 1;
  });
  return { variants, variantOf };
}

/** A value among the parameters of the kernel. */
function printCommon(type: string, at: number): string {
  if (type === "double") return `__hiloint2double((int)p.common[${at + 1}], (int)p.common[${at}])`;
  return type === "float" ? `__int_as_float((int)p.common[${at}])` : `(int)p.common[${at}]`;
}

/** Of an update: all, or all but what receives, or that. */
type Part = "whole" | "rest" | "receive";

function printCase(v: Variant, index: number, common: CommonPlan, rolled: boolean, part: Part): string {
  const program = rolled ? v.program.rolled() : v.program;
  const fn = part === "whole" ? program.update : program.splitUpdate()![part];
  const mentioned = new Set(
    Array.from(walk(fn.body)).flatMap((i) => (i.kind === "get" || i.kind === "set" ? [i.variable.id] : [])),
  );
  const lines: string[] = [];
  const declared = new Set<number>();
  program.update.inputs.forEach(({ variable }, k) => {
    const b = program.bindings[k]!;
    const type = CUDA_TYPES[variable.type];
    const integer = variable.type === "i32";
    const value = (): string => {
      switch (b.kind) {
        case "state":
        case "continuous":
          return integer ? `z[${v.places[k]}]` : `s[${v.places[k]}]`;
        case "constant": {
          const at = v.places[k]!;
          if (!v.uniform[b.index]) return integer ? `z[${at}]` : `s[${at}]`;
          const word = (integer ? common.ints : common.reals)[index]![at]!;
          if (word >= 0) return printCommon(type, word);
          return integer ? `__ldg(ui + ${at})` : `__ldg(u + ${at})`;
        }
        case "receptor":
          // a sum of 32 bits is rounded to a real before it is scaled, a wide one after
          return v.rings[b.index] === "i32"
            ? `(${type})(int)sums[${b.index}] * (${type})scales[${b.index}]`
            : `(${type})((double)sums[${b.index}] * scales[${b.index}])`;
        case "limit":
          return "limit";
        case "step":
          return `(${type})step`;
        case "gid":
          return `(${type})id`;
        case "key0":
        case "key1":
          return `(${type})${b.kind}`;
        default:
          return b satisfies never;
      }
    };
    if (!mentioned.has(variable.id)) return;
    declared.add(variable.id);
    lines.push(`      ${type} x${variable.id} = ${value()};`);
  });
  lines.push(printCudaBody(fn, declared, "      "));
  program.bindings.forEach((b, k) => {
    if (b.kind !== "state") return;
    const { variable } = program.update.inputs[k]!;
    if (!mentioned.has(variable.id)) return;
    lines.push(`      ${variable.type === "i32" ? "z" : "s"}[${v.places[k]}] = x${variable.id};`);
  });
  if (part === "receive") lines.push("      return;");
  else
    lines.push(
      `      failed = x${program.failed.id};`,
      `      unfinished = x${program.unfinished.id};`,
      ...(program.steep ? [`      steep = x${program.steep.id};`] : []),
      `      return x${program.emitted.id};`,
    );
  return `    case ${index}: { // ${program.name}\n${lines.join("\n")}\n    }`;
}

/**
 * `updateNeuron(...)`: advances one neuron by one step; returns how many spikes it emits.
 * @param rolled - keeps code short where a step takes longer to read it than to run it
 * @param late - whether what has arrived in a step is not added by that, but by `receiveNeuron(...)`, before the next step
 */
export function printUpdate(
  variants: readonly Variant[],
  common: CommonPlan,
  { rolled, late }: { readonly rolled: boolean; readonly late: boolean },
): string {
  const cases = (part: Part) => variants.map((v, k) => printCase(v, k, common, rolled, part)).join("\n");
  const receive = `
__device__ __forceinline__ void receiveNeuron(const RunParams& p, uint32_t variant, real* s, int* z, const real* u, const int* ui, const Sum* sums,
                                              const Scale* scales) {
  switch (variant) {
${late ? cases("receive") : ""}
  }
}
`;
  return `// The models of the network. s, z: states and constants of the neuron; u, ui: constants that its population shares, unless all
// populations of the model do: these are among the parameters.
__device__ __forceinline__ int updateNeuron(const RunParams& p, uint32_t variant, real* s, int* z, const real* u, const int* ui, const Sum* sums,
                                            const Scale* scales, uint32_t step, uint32_t id, uint32_t key0, uint32_t key1,
                                            int limit, int& failed, int& unfinished, int& steep) {
  switch (variant) {
${cases(late ? "rest" : "whole")}
  }
  return 0;
}
${late ? receive : ""}`;
}

/** Philox, e^x, the logarithm and the draws of weights and delays: what construction kernels call. */
export function printDraws(): string {
  const functions: string[] = [printPhilox()];
  for (const [name, define] of [
    ["synfireExp", math.exp],
    ["synfireLog", math.log],
  ] as const) {
    const b = new Builder();
    const x = b.variable("x", "f64");
    const y = b.variable("y", "f64");
    b.set(y, define(b, b.get(x)));
    functions.push(printCudaFunction(b.finish(name, [{ variable: x, uniform: false }], [y]), name));
  }
  for (const kind of ["normal", "lognormal", "uniform", "exponential"] as const) {
    const b = new Builder();
    const word = b.variable("word", "u32");
    const numbers = (["a", "b", "p0", "p1", "low", "high"] as const).map((n) => b.variable(n, "f64"));
    const y = b.variable("y", "f64");
    const at = { a: 0, b: 1, p0: 2, p1: 3, low: 4, high: 5 } as const;
    b.set(
      y,
      drawValue(b, kind, b.get(word), (field): Value => b.get(numbers[at[field]]!)),
    );
    const name = `draw${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    const inputs = [word, ...numbers].map((variable) => ({ variable, uniform: false }));
    functions.push(printCudaFunction(b.finish(name, inputs, [y]), name));
  }
  return functions.join("\n");
}

export function printPhilox(): string {
  const b = new Builder();
  const counter = [0, 1, 2, 3].map((i) => b.variable(`c${i}`, "u32"));
  const key = [0, 1].map((i) => b.variable(`k${i}`, "u32"));
  const out = [0, 1, 2, 3].map((i) => b.variable(`w${i}`, "u32"));
  const words = math.philox(
    b,
    counter.map((v) => b.get(v)),
    key.map((v) => b.get(v)),
  );
  words.forEach((w, i) => {
    b.set(out[i]!, w);
  });
  const inputs = [...counter, ...key].map((variable) => ({ variable, uniform: false }));
  return printCudaFunction(b.finish("synfirePhilox", inputs, out), "synfirePhilox");
}
