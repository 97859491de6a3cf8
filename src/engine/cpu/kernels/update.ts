/** The update kernel: a loop over the neurons of a tile around the printed model. */

import type { IrFunction, IrInput } from "../../../compiler/ir.js";
import { isIntegrated, type NeuronProgram } from "../../../compiler/program.js";
import {
  add,
  and,
  anyTrue,
  call,
  callIndirect,
  eq,
  eqz,
  get,
  getGlobal,
  gtU,
  i32,
  i32Lane,
  increase,
  load,
  loadSplat32,
  loadSplat64,
  loadV,
  ltU,
  mul,
  seq,
  set,
  setGlobal,
  shl,
  shuffle,
  simd,
  store,
  storeV,
  vconst,
  when,
  whileLoop,
} from "../../../compiler/wasm/code.js";
import {
  type Code,
  type FunctionBuilder,
  I32,
  type Local,
  type ModuleBuilder,
  V128,
} from "../../../compiler/wasm/encoder.js";
import { VectorPrinter } from "../../../compiler/wasm/print-vector.js";
import { ErrorCode, Fixed, SPIKE_BYTES, Tile } from "../tile-format.js";

/** One compiled form of a model: which constants are the same for all neurons, and how each receptor is summed. */
export interface Variant {
  readonly program: NeuronProgram;
  /** by constant slot */
  readonly uniform: readonly boolean[];
  /** by receptor */
  readonly rings: readonly ("i32" | "f64")[];
}

/** The order of the addresses after the rings in a tile's descriptor. */
export interface ArrayPlan {
  /** state and per-neuron constants and continuous inputs, in the order of the bindings that are arrays */
  readonly arrays: readonly { readonly binding: number; readonly wide: boolean }[];
  /** uniform constants (slot in the constants) and ring scales (negative: -1 - receptor), each 8 bytes */
  readonly uniforms: readonly number[];
}

export function planArrays(variant: Variant): ArrayPlan {
  const arrays: { binding: number; wide: boolean }[] = [];
  const uniforms: number[] = [];
  variant.program.bindings.forEach((b, binding) => {
    const wide = variant.program.update.inputs[binding]!.variable.type === "f64";
    if (b.kind === "state" || b.kind === "continuous" || (b.kind === "constant" && !variant.uniform[b.index]))
      arrays.push({ binding, wide });
    if (b.kind === "constant" && variant.uniform[b.index]) uniforms.push(b.index);
    if (b.kind === "receptor") uniforms.push(-1 - b.index);
  });
  return { arrays, uniforms };
}

/** Globals of the module: where the next published spike goes. */
export interface Globals {
  readonly out: number;
}

/** Registers side by side: two hide latencies; integrators have latency to spare, and fewer lanes wait for each other. */
function groupsFor(program: NeuronProgram): number {
  return isIntegrated(program) ? 1 : 2;
}

export const lanesOf = (program: NeuronProgram): number => 4 * groupsFor(program);

/** @returns the function (tile descriptor, step) */
export function emitUpdate(
  module: ModuleBuilder,
  variant: Variant,
  append: FunctionBuilder,
): FunctionBuilder {
  const { program } = variant;
  const groups = groupsFor(program);
  const inputs: IrInput[] = program.update.inputs.map((input, k) => {
    const b = program.bindings[k]!;
    return { ...input, uniform: input.uniform || (b.kind === "constant" && variant.uniform[b.index]!) };
  });
  const ir: IrFunction = { ...program.update, inputs };
  const f = module.function([I32, I32], []);
  const [tile, step] = f.parameters as [Local, Local];
  const printer = new VectorPrinter(f, ir, groups);
  const plan = planArrays(variant);
  const word = (w: number) => load(get(tile), 4 * w);
  const i = f.local(I32);
  const padded = f.local(I32);
  const uniforms = f.local(I32);
  const before: Code[] = [set(padded, word(Tile.padded)), set(uniforms, word(Tile.uniforms))];
  const loads: Code[] = [];
  const stores: Code[] = [];
  /** where the integrator did not finish, old values stay as they are */
  const keeps: Code[] = [];
  const late = printer.parts(program.unfinished);
  const integrates = isIntegrated(program);
  /** the lanes of register g that are not finished, as a mask of 32- or 64-bit lanes */
  const lateMask = (g: number, wide: boolean): Code => {
    const zero = vconst(...new Array<number>(16).fill(0));
    if (!wide) return simd(0x38, get(late[g]!), zero);
    const mask = simd(0x38, get(late[g >> 1]!), zero);
    const half =
      g % 2 === 0
        ? [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7]
        : [8, 9, 10, 11, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15];
    return shuffle(mask, mask, half);
  };
  const pointers = new Map<number, Local>();
  plan.arrays.forEach(({ binding }, k) => {
    const p = f.local(I32);
    pointers.set(binding, p);
    before.push(set(p, word(Tile.rings + variant.rings.length + k)));
  });
  const at = (p: Local, wide: boolean) => add(get(p), shl(get(i), i32(wide ? 3 : 2)));

  inputs.forEach(({ variable }, k) => {
    const b = program.bindings[k]!;
    const parts = printer.parts(variable);
    const wide = variable.type === "f64";
    switch (b.kind) {
      case "constant":
        if (variant.uniform[b.index]) {
          before.push(
            set(
              parts[0]!,
              (wide ? loadSplat64 : loadSplat32)(get(uniforms), 8 * plan.uniforms.indexOf(b.index)),
            ),
          );
          return;
        }
        break;
      case "step":
        before.push(set(parts[0]!, simd(0x11, get(step))));
        return;
      case "limit":
        before.push(set(parts[0]!, loadSplat32(get(tile), 4 * Tile.limit)));
        return;
      case "key0":
      case "key1":
        before.push(set(parts[0]!, loadSplat32(get(tile), 4 * Tile[b.kind])));
        return;
      case "gid":
        parts.forEach((part, g) => {
          const first = add(add(word(Tile.firstId), get(i)), i32(4 * g));
          loads.push(
            when(
              word(Tile.ids),
              [set(part, loadV(add(word(Tile.ids), shl(get(i), i32(2))), 16 * g))],
              [
                set(
                  part,
                  simd(0xae, simd(0x11, first), vconst(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0)),
                ),
              ],
            ),
          );
        });
        return;
      case "receptor":
        receptor(b.index, parts, wide);
        return;
      default:
    }
    const p = pointers.get(k)!;
    parts.forEach((part, g) => {
      loads.push(set(part, loadV(at(p, wide), 16 * g)));
    });
    if (b.kind === "state") {
      parts.forEach((part, g) => {
        stores.push(storeV(at(p, wide), get(part), 16 * g));
        keeps.push(set(part, simd(0x52, loadV(at(p, wide), 16 * g), get(part), lateMask(g, wide))));
      });
    }
  });

  /** takes the sums of this step out of the ring and scales them */
  function receptor(index: number, parts: readonly Local[], wide: boolean): void {
    const ringWide = variant.rings[index] === "f64";
    const row = f.local(I32);
    const scale = f.local(V128);
    const offset = shl(shl(and(get(step), word(Tile.rowMask)), word(Tile.rowBits)), i32(ringWide ? 3 : 2));
    before.push(set(row, add(word(Tile.rings + index), offset)));
    before.push(
      set(
        scale,
        (ringWide ? loadSplat64 : loadSplat32)(get(uniforms), 8 * plan.uniforms.indexOf(-1 - index)),
      ),
    );
    const zero = vconst(...new Array<number>(16).fill(0));
    const scaled = (k: number) => simd(0xf2, loadV(at(row, true), 16 * k), get(scale));
    parts.forEach((part, g) => {
      if (ringWide && wide) loads.push(set(part, scaled(g)));
      else if (ringWide) {
        const words = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
        loads.push(set(part, shuffle(simd(0x5e, scaled(2 * g)), simd(0x5e, scaled(2 * g + 1)), words)));
      } else loads.push(set(part, simd(0xe6, simd(0xfa, loadV(at(row, false), 16 * g)), get(scale))));
    });
    for (let k = 0; k < groups * (ringWide ? 2 : 1); k++) {
      const rest = integrates ? simd(0x4e, loadV(at(row, ringWide), 16 * k), lateMask(k, ringWide)) : zero;
      (integrates ? stores : loads).push(storeV(at(row, ringWide), rest, 16 * k));
    }
  }

  const emitted = printer.parts(program.emitted);
  const failed = printer.parts(program.failed);
  const any = (parts: readonly Local[]) =>
    anyTrue(parts.map((p) => get(p)).reduce((x, y) => simd(0x50, x, y)));
  const publish = (parts: readonly Local[], then: (lane: Code, position: Code) => Code): Code =>
    seq(
      ...parts.flatMap((part, g) =>
        [0, 1, 2, 3].map((l) =>
          when(i32Lane(l, get(part)), [
            when(ltU(add(get(i), i32(4 * g + l)), word(Tile.size)), [
              then(i32Lane(l, get(part)), add(get(i), i32(4 * g + l))),
            ]),
          ]),
        ),
      ),
    );
  const spikes = program.spikes
    ? [
        when(any(emitted), [
          publish(emitted, (count, position) => call(append, get(tile), position, get(step), count)),
        ]),
      ]
    : [];
  const failures = when(any(failed), [
    publish(failed, (_, position) =>
      when(
        load(i32(Fixed.error)),
        [],
        [
          store(i32(Fixed.error), i32(ErrorCode.integration)),
          when(
            word(Tile.ids),
            [store(i32(Fixed.error + 4), load(add(word(Tile.ids), shl(position, i32(2)))))],
            [store(i32(Fixed.error + 4), add(word(Tile.firstId), position))],
          ),
          store(i32(Fixed.error + 8), get(step)),
        ],
      ),
    ),
  ]);
  const collect = integrates
    ? [
        when(any(late), [
          ...keeps,
          ...[...emitted, ...failed].map((part, g) =>
            set(part, simd(0x4f, get(part), lateMask(g % groups, false))),
          ),
          publish(late, (_, position) =>
            seq(
              store(add(word(Tile.late), shl(word(Tile.lateCount), i32(2))), position),
              store(get(tile), add(word(Tile.lateCount), i32(1)), 4 * Tile.lateCount),
            ),
          ),
        ]),
      ]
    : [];
  f.emit(
    ...before,
    ...printer.before,
    set(i, i32(0)),
    whileLoop(
      ltU(get(i), get(padded)),
      ...loads,
      ...printer.body,
      ...collect,
      ...stores,
      ...spikes,
      failures,
      increase(i, i32(4 * groups)),
    ),
  );
  return f;
}

/**
 * finish(tile, step): advances the neurons that the update left unfinished. In one vector, a neuron in its upstroke, which takes
 * hundreds of sub-steps, would make its neighbours wait: those that need many are copied side by side and advanced together.
 */
export function emitFinish(module: ModuleBuilder, updateType: number): FunctionBuilder {
  const copy = emitCopy(module);
  const f = module.function([I32, I32], []);
  const [tile, step] = f.parameters as [Local, Local];
  const [collector, n, k, list] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)];
  const word = (w: number) => load(get(tile), 4 * w);
  const pad = (address: Code, value: Code) => store(add(address, shl(get(n), i32(2))), value);
  const all = (direction: number): Code[] => [
    set(k, i32(0)),
    whileLoop(
      ltU(get(k), add(word(Tile.ringCount), word(Tile.arrayCount))),
      call(copy, get(tile), get(collector), get(k), get(step), i32(direction)),
      increase(k, i32(1)),
    ),
  ];
  f.emit(
    set(collector, word(Tile.collector)),
    set(n, word(Tile.lateCount)),
    store(get(collector), get(n), 4 * Tile.size),
    set(list, word(Tile.late)),
    // ids of the collected neurons; whole groups of lanes, the last neuron again in what is left over
    set(k, i32(0)),
    whileLoop(
      ltU(get(k), get(n)),
      store(
        add(load(get(collector), 4 * Tile.ids), shl(get(k), i32(2))),
        add(word(Tile.firstId), load(add(get(list), shl(get(k), i32(2))))),
      ),
      increase(k, i32(1)),
    ),
    whileLoop(
      and(get(n), word(Tile.laneMask)),
      pad(get(list), load(add(get(list), shl(add(get(n), i32(-1)), i32(2))))),
      pad(
        load(get(collector), 4 * Tile.ids),
        load(add(load(get(collector), 4 * Tile.ids), shl(add(get(n), i32(-1)), i32(2)))),
      ),
      increase(n, i32(1)),
    ),
    store(get(collector), get(n), 4 * Tile.padded),
    ...all(0),
    callIndirect(updateType, word(Tile.update), get(collector), get(step)),
    ...all(1),
    store(get(tile), i32(0), 4 * Tile.lateCount),
  );
  return f;
}

/** copy(tile, collector, array, step, direction): one array's values of the collected neurons; taken rings are emptied, and not given back */
function emitCopy(module: ModuleBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32, I32, I32], []);
  const [tile, collector, k, step, direction] = f.parameters as [Local, Local, Local, Local, Local];
  const [from, to, bytes, j, n, list, a, b, ring] = Array.from({ length: 9 }, () => f.local(I32)) as [
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
  const t = (w: number) => load(get(tile), 4 * w);
  const move = (source: Local, target: Local): Code[] => [
    store(get(target), load(get(source))),
    when(eq(get(bytes), i32(8)), [store(get(target), load(get(source), 4), 4)]),
  ];
  f.emit(
    set(ring, ltU(get(k), t(Tile.ringCount))),
    set(bytes, load(add(t(Tile.elementBytes), shl(get(k), i32(2))))),
    set(from, load(add(get(tile), shl(get(k), i32(2))), 4 * Tile.rings)),
    when(get(ring), [
      set(from, add(get(from), mul(shl(and(get(step), t(Tile.rowMask)), t(Tile.rowBits)), get(bytes)))),
    ]),
    set(to, load(add(get(collector), shl(get(k), i32(2))), 4 * Tile.rings)),
    set(n, load(get(collector), 4 * Tile.padded)),
    set(list, t(Tile.late)),
    whileLoop(
      ltU(get(j), get(n)),
      set(a, add(get(from), mul(load(add(get(list), shl(get(j), i32(2)))), get(bytes)))),
      set(b, add(get(to), mul(get(j), get(bytes)))),
      when(get(direction), [when(get(ring), [], move(b, a))], move(a, b)),
      increase(j, i32(1)),
    ),
    // the sums have been taken: empty them, after the repeated last neuron has been copied, too
    when(and(get(ring), eqz(get(direction))), [
      set(j, i32(0)),
      whileLoop(
        ltU(get(j), get(n)),
        set(a, add(get(from), mul(load(add(get(list), shl(get(j), i32(2)))), get(bytes)))),
        store(get(a), i32(0)),
        when(eq(get(bytes), i32(8)), [store(get(a), i32(0), 4)]),
        increase(j, i32(1)),
      ),
    ]),
  );
  return f;
}

/** append(tile, position, step, count): publishes a spike; an emission beyond the bound is an error */
export function emitAppend(module: ModuleBuilder, globals: Globals): FunctionBuilder {
  const f = module.function([I32, I32, I32, I32], []);
  const [tile, position, step, count] = f.parameters as [Local, Local, Local, Local];
  const out = f.local(I32);
  f.emit(
    when(gtU(get(count), load(get(tile), 4 * Tile.maxEmission)), [
      store(i32(Fixed.error), i32(ErrorCode.emission)),
      store(i32(Fixed.error + 4), add(load(get(tile), 4 * Tile.firstId), get(position))),
      store(i32(Fixed.error + 8), get(step)),
    ]),
    set(out, getGlobal(globals.out)),
    when(
      load(get(tile), 4 * Tile.ids),
      [store(get(out), load(add(load(get(tile), 4 * Tile.ids), shl(get(position), i32(2)))))],
      [store(get(out), add(load(get(tile), 4 * Tile.firstId), get(position)))],
    ),
    store(get(out), get(step), 4),
    store(get(out), get(count), 8),
    setGlobal(globals.out, add(get(out), i32(SPIKE_BYTES))),
  );
  return f;
}
