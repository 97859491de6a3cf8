/**
 * Constants that all populations of one compiled form share: kernels are handed them with their parameters, where instructions read them at
 * no cost, and not from an array. Which they are is decided when a network is built; where populations differ later, the same kernel without
 * them is taken, until they agree again.
 */

import type { Network } from "../network.js";
import type { Variant } from "./variants.js";

/** Words of 32 bits among the parameters of a kernel. */
export const COMMON_WORDS = 128;

/** By variant, by place among the shared reals (ints): the first word of a value, -1 if it is in an array. */
export interface CommonPlan {
  readonly reals: readonly (readonly number[])[];
  readonly ints: readonly (readonly number[])[];
}

export const nothingCommon = (variants: readonly Variant[]): CommonPlan => ({
  reals: variants.map((v) => Array(v.realUniforms).fill(-1)),
  ints: variants.map((v) => Array(v.intUniforms).fill(-1)),
});

/** The shared constants of each population, as they are now. */
export class CommonValues {
  readonly plan: CommonPlan;
  readonly #wide: boolean;
  readonly #variantOf: readonly number[];
  /** by population, by place */
  readonly #reals: number[][];
  readonly #ints: number[][];
  /** until a value changes */
  #words: Uint32Array | "differ" | undefined;

  constructor(
    { populations, precision }: Pick<Network, "populations" | "precision">,
    variants: readonly Variant[],
    variantOf: readonly number[],
  ) {
    this.#wide = precision === "float64";
    this.#variantOf = variantOf;
    this.#reals = populations.map((p) => Array(variants[variantOf[p.index]!]!.realUniforms).fill(0));
    this.#ints = populations.map((p) => Array(variants[variantOf[p.index]!]!.intUniforms).fill(0));
    for (const p of populations) {
      const { program, uniform, places } = variants[variantOf[p.index]!]!;
      program.bindings.forEach((b, k) => {
        if (b.kind !== "constant" || !uniform[b.index]) return;
        const integer = program.update.inputs[k]!.variable.type === "i32";
        this.set(p.index, integer, places[k]!, p.constants[b.index] as number);
      });
    }
    let words = 0;
    const take = (size: number): number => {
      const at = Math.ceil(words / size) * size;
      if (at + size > COMMON_WORDS) return -1;
      words = at + size;
      return at;
    };
    const planOf = (values: readonly number[][], size: number) =>
      variants.map((_, v) => {
        const [first, ...others] = values.filter((_, k) => variantOf[k] === v);
        return first!.map((x, place) => (others.every((o) => Object.is(o[place], x)) ? take(size) : -1));
      });
    this.plan = { reals: planOf(this.#reals, this.#wide ? 2 : 1), ints: planOf(this.#ints, 1) };
  }

  set(population: number, integer: boolean, place: number, value: number): void {
    this.#words = undefined;
    (integer ? this.#ints : this.#reals)[population]![place] = value;
  }

  /** by population, by place: reals or integers */
  shared(integer: boolean): readonly (readonly number[])[] {
    return integer ? this.#ints : this.#reals;
  }

  /** the words of all values; undefined if populations differ in one that they should share */
  words(): Uint32Array | undefined {
    this.#words ??= this.#find() ?? "differ";
    return this.#words === "differ" ? undefined : this.#words;
  }

  #find(): Uint32Array | undefined {
    const out = new Uint32Array(COMMON_WORDS);
    const view = new DataView(out.buffer);
    const seen = new Map<number, number>();
    for (let population = 0; population < this.#variantOf.length; population++) {
      const variant = this.#variantOf[population]!;
      for (const [values, plan, integer] of [
        [this.#reals, this.plan.reals, false],
        [this.#ints, this.plan.ints, true],
      ] as const)
        for (const [place, at] of plan[variant]!.entries()) {
          if (at < 0) continue;
          const value = values[population]![place]!;
          if (seen.has(at)) {
            if (!Object.is(seen.get(at), value)) return undefined;
            continue;
          }
          seen.set(at, value);
          if (integer) view.setInt32(4 * at, value, true);
          else if (this.#wide) view.setFloat64(4 * at, value, true);
          else view.setFloat32(4 * at, value, true);
        }
    }
    return out;
  }
}
