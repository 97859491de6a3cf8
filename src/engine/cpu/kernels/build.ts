/**
 * Construction kernels: the synapses of one projection that end in one tile, sorted by source. Each kernel draws four synapses
 * at a time from the printed sampler; a first pass counts by source, a second one, drawing the same numbers again, fills.
 */

import { Builder } from "../../../compiler/builder.js";
import type { IrFunction, IrType, Value, Variable } from "../../../compiler/ir.js";
import { validateIr } from "../../../compiler/ir.js";
import * as math from "../../../compiler/math.js";
import {
  add,
  eqz,
  f64Lane,
  fillBytes,
  get,
  i32,
  i32Lane,
  increase,
  load,
  loadSplat32,
  loadSplat64,
  loadV,
  ltU,
  mul,
  set,
  shl,
  simd,
  store,
  store16,
  storeF64,
  sub,
  vconst,
  when,
  whileLoop,
} from "../../../compiler/wasm/code.js";
import {
  type Code,
  type FunctionBuilder,
  I32,
  type Local,
  ModuleBuilder,
} from "../../../compiler/wasm/encoder.js";
import { VectorPrinter } from "../../../compiler/wasm/print-vector.js";
import type { SamplerProgram } from "../../../random/sampler.js";
import { drawValue, SAMPLER_FIELDS } from "../../draw.js";
import { emitMerge } from "./arrive.js";
import type { MemoryShape } from "./run.js";

export type DrawKind = SamplerProgram["kind"] | "array";
export type Encoding = "constant" | "packed" | "wide32" | "wide64";

/** What distinguishes one kernel from another; all numbers come from a block of parameters. */
export interface Recipe {
  /** sources drawn with replacement, or given with targets and ordinals as lists */
  readonly sources: "drawn" | "given";
  readonly weight: DrawKind;
  readonly delay: DrawKind;
  readonly encoding: Encoding;
  /** only weights of one sign belong to this block */
  readonly signed: boolean;
}

export const recipeKey = (r: Recipe): string =>
  `${r.sources} ${r.weight} ${r.delay} ${r.encoding} ${r.signed}`;

/** Words of a parameter block (doubles take two words). */
export const BuildWord = {
  key0: 0,
  key1: 1,
  /** drawn: number of sources; 1 if the target itself is not to be drawn */
  sources: 2,
  excludeSelf: 3,
  /** id of the first source, for excludeSelf */
  firstSource: 4,
  /** address of u32 offsets (id - first id) by source position, or 0 if positions are offsets */
  sourceMap: 5,
  /** address of the pointers (sources + 2 words, zero at first) and of the synapses */
  pointers: 6,
  data: 7,
  /** 2^target bits */
  stride: 8,
  /** drawn: id and local position of the first target, number of targets, in-degree, address of u32 in-degrees or 0 */
  firstTarget: 9,
  firstLocal: 10,
  targets: 11,
  indegree: 12,
  indegrees: 13,
  /** given: number of synapses, addresses of u32 source positions, u32 local targets, u32 ordinals, f64 weights, f64 delays */
  count: 14,
  sourceList: 15,
  targetList: 16,
  ordinalList: 17,
  weightList: 18,
  delayList: 19,
  /** doubles: sampler of the weight a, b, p0, p1, low, high; of the delay */
  weight: 20,
  delay: 32,
  /** doubles: weight factor, 1 / (unit of the stored weight), resolution, sign wanted (1 or -1), power of two from magnitude: 1 or -1 */
  factor: 44,
  perUnit: 46,
  resolution: 48,
  sign: 50,
  magnitude: 52,
  /** double: what a rounded weight is multiplied with before it is stored, a power of two */
  post: 54,
  words: 56,
} as const;

interface RecipeIr {
  readonly ir: IrFunction;
  readonly input: ReadonlyMap<string, Variable>;
  readonly output: ReadonlyMap<string, Variable>;
}

/** @param full - also what is stored, not only where: the counting pass needs no weights and delays */
function recipeIr(recipe: Recipe, full: boolean): RecipeIr {
  const b = new Builder();
  const input = new Map<string, Variable>();
  const output = new Map<string, Variable>();
  const uniform = new Set<string>();
  const read = (name: string, type: IrType, isUniform = true): Value => {
    let v = input.get(name);
    if (!v) {
      v = b.variable(name, type);
      input.set(name, v);
      if (isUniform) uniform.add(name);
    }
    return b.get(v);
  };
  const write = (name: string, value: Value) => {
    const v = b.variable(name, value.type);
    output.set(name, v);
    b.set(v, value);
  };
  const given = recipe.sources === "given";
  const zero = b.constant("u32", 0);
  const drawsWeight = recipe.signed || (full && recipe.encoding !== "constant");
  const words =
    given && !drawsWeight
      ? []
      : math.philox(
          b,
          [read("gid", "u32", !given), read("ordinal", "u32", false), zero, zero],
          [read("key0", "u32"), read("key1", "u32")],
        );
  if (!given) {
    const drawn = b.mulhi(words[0]!, read("sources", "u32"));
    // the target itself is left out by drawing from one source less and moving up from its position on
    const self = read("self", "u32");
    write("source", b.add(drawn, b.select(b.ge(drawn, self), b.constant("u32", 1), zero)));
  }
  const draw = (what: "weight" | "delay", word: Value): Value => {
    const kind = recipe[what];
    if (kind === "array") return read(`${what} given`, "f64", false);
    return drawValue(b, kind, word, (field) => read(`${what} ${field}`, "f64"));
  };
  const half = b.constant("f64", 0.5);
  if (drawsWeight) {
    const weight = b.mul(draw("weight", words[1]!), read("factor", "f64"));
    if (recipe.signed) {
      const negative = b.lt(weight, b.constant("f64", 0));
      const wanted = b.lt(read("sign", "f64"), b.constant("f64", 0));
      write("use", b.select(b.xor(negative, wanted), b.constant("i32", 0), b.constant("i32", 1)));
    }
    if (full && recipe.encoding !== "constant") {
      const rounded = b.floor(
        b.add(b.mul(b.mul(weight, read("magnitude", "f64")), read("per unit", "f64")), half),
      );
      const stored = b.mul(rounded, read("post", "f64"));
      const steps = b.convert(
        "i32",
        b.floor(b.add(b.div(draw("delay", words[2]!), read("resolution", "f64")), half)),
      );
      const place = b.add(b.mul(steps, read("stride", "i32")), read("local", "i32", !given));
      if (recipe.encoding === "packed") write("word", b.or(b.shl(b.convert("i32", stored), 16), place));
      else {
        write("word", place);
        write("stored", recipe.encoding === "wide32" ? b.convert("i32", stored) : stored);
      }
    }
  }
  const ir = b.finish(
    `build_${recipeKey(recipe).replace(/\W/g, "_")}`,
    [...input].map(([name, variable]) => ({ variable, uniform: uniform.has(name) })),
    [...output.values()],
  );
  validateIr(ir);
  return { ir, input, output };
}

/** Exports, for the k-th recipe, `count_k(parameters)` and `fill_k(parameters)`; `prefix(pointers, sources)`, `clear(address, bytes)`, `merge(...)`. */
export function emitBuildModule(recipes: readonly Recipe[], memory: MemoryShape): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  recipes.forEach((recipe, k) => {
    emitPass(module, recipe, `count_${k}`, false);
    emitPass(module, recipe, `fill_${k}`, true);
  });
  // pointers[s + 1] = number of synapses of source s becomes where they start; filling moves it to where they end
  const prefix = module.function([I32, I32], [], "prefix");
  const [pointers, count] = prefix.parameters as [Local, Local];
  const [p, end, sum, own] = [prefix.local(I32), prefix.local(I32), prefix.local(I32), prefix.local(I32)];
  prefix.emit(
    set(p, add(get(pointers), i32(4))),
    set(end, add(get(p), shl(get(count), i32(2)))),
    whileLoop(
      ltU(get(p), get(end)),
      set(own, load(get(p))),
      store(get(p), get(sum)),
      increase(sum, get(own)),
      increase(p, i32(4)),
    ),
  );
  const clear = module.function([I32, I32], [], "clear");
  clear.emit(fillBytes(get(clear.parameters[0]!), i32(0), get(clear.parameters[1]!)));
  emitMerge(module);
  return module.finish(memory);
}

const FIELD_OF: Readonly<Record<string, number>> = {
  key0: BuildWord.key0,
  key1: BuildWord.key1,
  factor: BuildWord.factor,
  "per unit": BuildWord.perUnit,
  resolution: BuildWord.resolution,
  sign: BuildWord.sign,
  magnitude: BuildWord.magnitude,
  post: BuildWord.post,
  stride: BuildWord.stride,
};
SAMPLER_FIELDS.forEach((field, i) => {
  (FIELD_OF as Record<string, number>)[`weight ${field}`] = BuildWord.weight + 2 * i;
  (FIELD_OF as Record<string, number>)[`delay ${field}`] = BuildWord.delay + 2 * i;
});

/** Four synapses each: two hide the latency of the generator, but more lanes take the rare branches of distributions more often. */
const groupsFor = (recipe: Recipe, fill: boolean): number => (fill && recipe.encoding !== "constant" ? 1 : 2);

function emitPass(module: ModuleBuilder, recipe: Recipe, name: string, fill: boolean): FunctionBuilder {
  const f = module.function([I32], [], name);
  const [parameters] = f.parameters as [Local];
  const { ir, input, output } = recipeIr(recipe, fill);
  const laneGroups = groupsFor(recipe, fill);
  const printer = new VectorPrinter(f, ir, laneGroups);
  const word = (w: number) => load(get(parameters), 4 * w);
  const local = () => f.local(I32);
  const [target, gid, k, degree, self, drawFrom, position, pointers, data, place, map, lanesLeft] =
    Array.from({ length: 12 }, local) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
  const values: Code[] = [];
  const perGroup: Code[] = [];
  const iota = vconst(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
  const lists: Readonly<Record<string, number>> = {
    gid: BuildWord.targetList,
    ordinal: BuildWord.ordinalList,
    local: BuildWord.targetList,
  };
  for (const [name, variable] of input) {
    const parts = printer.parts(variable);
    const part = parts[0]!;
    const field = FIELD_OF[name];
    if (field !== undefined) {
      const source = add(get(parameters), i32(4 * field));
      values.push(set(part, variable.type === "f64" ? loadSplat64(source) : loadSplat32(source)));
    } else if (recipe.sources === "drawn") {
      if (name === "gid") values.push(set(part, simd(0x11, get(gid))));
      if (name === "local") values.push(set(part, simd(0x11, add(word(BuildWord.firstLocal), get(target)))));
      if (name === "sources") values.push(set(part, simd(0x11, get(drawFrom))));
      if (name === "self") values.push(set(part, simd(0x11, get(self))));
      if (name === "ordinal") {
        parts.forEach((p, g) => {
          perGroup.push(set(p, simd(0xae, simd(0x11, add(get(k), i32(4 * g))), iota)));
        });
      }
    } else if (name === "weight given" || name === "delay given") {
      const list = word(name === "weight given" ? BuildWord.weightList : BuildWord.delayList);
      parts.forEach((p, g) => {
        perGroup.push(set(p, loadV(add(list, shl(get(k), i32(3))), 16 * g)));
      });
    } else {
      const address = add(word(lists[name]!), shl(get(k), i32(2)));
      const loaded = loadV(address);
      perGroup.push(
        set(part, name === "gid" ? simd(0xae, loaded, simd(0x11, word(BuildWord.firstTarget))) : loaded),
      );
    }
  }
  const part = (name: string) => printer.parts(output.get(name)!);
  const lane = (l: number): Code[] => {
    const source =
      recipe.sources === "drawn"
        ? i32Lane(l % 4, get(part("source")[l >> 2]!))
        : load(add(word(BuildWord.sourceList), shl(add(get(k), i32(l)), i32(2))));
    const counter = add(get(pointers), shl(add(get(position), i32(1)), i32(2)));
    const write: Code[] = [];
    if (fill) {
      const at = (bytes: number) =>
        add(
          get(data),
          bytes === 2
            ? shl(get(place), i32(1))
            : bytes === 4
              ? shl(get(place), i32(2))
              : mul(get(place), i32(bytes)),
        );
      write.push(set(place, load(counter)));
      const target16 =
        recipe.sources === "drawn"
          ? add(word(BuildWord.firstLocal), get(target))
          : add(
              word(BuildWord.firstLocal),
              load(add(word(BuildWord.targetList), shl(add(get(k), i32(l)), i32(2)))),
            );
      if (recipe.encoding === "constant") write.push(store16(at(2), target16));
      if (recipe.encoding === "packed") write.push(store(at(4), i32Lane(l % 4, get(part("word")[l >> 2]!))));
      if (recipe.encoding === "wide32")
        write.push(
          store(at(8), i32Lane(l % 4, get(part("word")[l >> 2]!))),
          store(at(8), i32Lane(l % 4, get(part("stored")[l >> 2]!)), 4),
        );
      if (recipe.encoding === "wide64")
        write.push(
          store(at(12), i32Lane(l % 4, get(part("word")[l >> 2]!))),
          storeF64(at(12), f64Lane(l % 2, get(part("stored")[l >> 1]!)), 4),
        );
      write.push(store(counter, add(get(place), i32(1))));
    } else write.push(store(counter, add(load(counter), i32(1))));
    const one = [
      set(position, source),
      when(get(map), [set(position, load(add(get(map), shl(get(position), i32(2)))))]),
      ...write,
    ];
    const used = recipe.signed ? [when(i32Lane(l % 4, get(part("use")[l >> 2]!)), one)] : one;
    return l === 0 ? used : [when(ltU(i32(l), get(lanesLeft)), used)];
  };
  const groups = [
    set(k, i32(0)),
    whileLoop(
      ltU(get(k), get(degree)),
      set(lanesLeft, sub(get(degree), get(k))),
      ...perGroup,
      ...printer.body,
      ...[0, 1, 2, 3].flatMap(lane),
      increase(k, i32(4)),
    ),
  ];
  f.emit(
    set(pointers, word(BuildWord.pointers)),
    set(data, word(BuildWord.data)),
    set(map, word(BuildWord.sourceMap)),
  );
  if (recipe.sources === "given") {
    f.emit(set(degree, word(BuildWord.count)), ...values, ...printer.before, ...groups);
    return f;
  }
  f.emit(
    whileLoop(
      ltU(get(target), word(BuildWord.targets)),
      set(gid, add(word(BuildWord.firstTarget), get(target))),
      set(degree, word(BuildWord.indegree)),
      when(word(BuildWord.indegrees), [
        set(degree, load(add(word(BuildWord.indegrees), shl(get(target), i32(2))))),
      ]),
      set(drawFrom, word(BuildWord.sources)),
      set(self, i32(-1)),
      when(word(BuildWord.excludeSelf), [
        set(position, sub(get(gid), word(BuildWord.firstSource))),
        when(ltU(get(position), get(drawFrom)), [
          set(self, get(position)),
          set(drawFrom, sub(get(drawFrom), i32(1))),
        ]),
      ]),
      when(eqz(eqz(get(degree))), [...values, ...printer.before, ...groups]),
      increase(target, i32(1)),
    ),
  );
  return f;
}
