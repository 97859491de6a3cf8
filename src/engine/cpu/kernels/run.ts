/** The module of a network's kernels: advance all tiles of a thread by some steps, deliver spikes, take samples. */

import {
  add,
  and,
  call,
  callIndirect,
  eq,
  eqz,
  get,
  getGlobal,
  gtU,
  i32,
  increase,
  leU,
  load,
  loadF32,
  ltU,
  remU,
  set,
  setGlobal,
  shl,
  store,
  storeF64,
  sub,
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
import { SampleType, SampleWord, Tile } from "../tile-format.js";
import { emitDeliver } from "./deliver.js";
import { emitDrives } from "./drive.js";
import { emitAppend, emitFinish, emitUpdate, type Variant } from "./update.js";

export interface MemoryShape {
  readonly shared: boolean;
  /** pages of 64 KiB */
  readonly initial: number;
  readonly maximum: number;
}

/**
 * Exports: `advance(tiles, tileCount, step, steps)`: steps step+1 .. step+steps; `setOut(address)`, `getOut()`: where published
 * spikes go; `deliver(tiles, tileCount, first, end, groupOf)`.
 */
export function emitRunModule(variants: readonly Variant[], memory: MemoryShape): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const stepTile = emitStepTile(module, variants);
  emitDeliver(module);
  const advance = module.function([I32, I32, I32, I32], [], "advance");
  const [tiles, tileCount, start, steps] = advance.parameters as [Local, Local, Local, Local];
  const [k, tile, step, end] = [0, 1, 2, 3].map(() => advance.local(I32)) as [Local, Local, Local, Local];
  // tile by tile, so that what belongs to one stays in the cache for all steps
  advance.emit(
    set(end, add(get(start), get(steps))),
    whileLoop(
      ltU(get(k), get(tileCount)),
      set(tile, load(add(get(tiles), shl(get(k), i32(2))))),
      set(step, get(start)),
      whileLoop(ltU(get(step), get(end)), increase(step, i32(1)), call(stepTile, get(tile), get(step))),
      increase(k, i32(1)),
    ),
  );
  return module.finish(memory);
}

/**
 * Adds the functions that every kind of delivery shares, with `setOut` and `getOut`.
 * @returns stepTile(tile, step): input of generators, update, samples
 */
export function emitStepTile(module: ModuleBuilder, variants: readonly Variant[]): FunctionBuilder {
  const globals = { out: module.global() };
  const append = emitAppend(module, globals);
  for (const v of variants) module.tabulate(emitUpdate(module, v, append));
  const drives = emitDrives(module);
  const sample = emitSample(module);
  const updateType = module.type([I32, I32], []);
  const finish = emitFinish(module, updateType);
  const f = module.function([I32, I32], []);
  const [tile, step] = f.parameters as [Local, Local];
  const t = (word: number) => load(get(tile), 4 * word);
  f.emit(
    when(t(Tile.driveCount), [call(drives, get(tile), get(step))]),
    callIndirect(updateType, t(Tile.update), get(tile), get(step)),
    when(t(Tile.lateCount), [call(finish, get(tile), get(step))]),
    when(t(Tile.sampleCount), [call(sample, get(tile), get(step))]),
  );
  const setOut = module.function([I32], [], "setOut");
  setOut.emit(setGlobal(globals.out, get(setOut.parameters[0]!)));
  module.function([], [I32], "getOut").emit(getGlobal(globals.out));
  return f;
}

/** sample(tile, step): copies the values that recorders asked for into their buffers, as f64 */
function emitSample(module: ModuleBuilder): FunctionBuilder {
  const f = module.function([I32, I32], []);
  const [tile, step] = f.parameters as [Local, Local];
  const [k, group, item, end, out, address, type] = Array.from({ length: 7 }, () => f.local(I32)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const g = (w: number) => load(get(group), 4 * w);
  const promote =
    (a: Code): Code =>
    (o) => {
      a(o);
      o.byte(0xbb); // f64.promote_f32
    };
  const fromI32 =
    (a: Code): Code =>
    (o) => {
      a(o);
      o.byte(0xb7);
    };
  const loadF64At =
    (a: Code): Code =>
    (o) => {
      a(o);
      o.bytes([0x2b, 2, 0]);
    };
  f.emit(
    set(group, load(get(tile), 4 * Tile.samples)),
    whileLoop(
      ltU(get(k), load(get(tile), 4 * Tile.sampleCount)),
      when(
        and(
          and(gtU(get(step), g(SampleWord.start)), leU(get(step), g(SampleWord.stop))),
          geS(get(step), g(SampleWord.offset)),
        ),
        [
          when(eqz(remU(sub(get(step), g(SampleWord.offset)), g(SampleWord.interval))), [
            set(out, g(SampleWord.cursor)),
            // a full buffer is the host's fault: it bounds every chunk; never write past it
            when(leU(add(get(out), shl(g(SampleWord.itemCount), i32(3))), g(SampleWord.end)), [
              set(item, g(SampleWord.items)),
              set(end, add(get(item), shl(g(SampleWord.itemCount), i32(2)))),
              whileLoop(
                ltU(get(item), get(end)),
                set(address, and(load(get(item)), i32(-4))),
                set(type, and(load(get(item)), i32(3))),
                when(
                  eq(get(type), i32(SampleType.f32)),
                  [storeF64(get(out), promote(loadF32(get(address))))],
                  [
                    when(
                      eq(get(type), i32(SampleType.f64)),
                      [storeF64(get(out), loadF64At(get(address)))],
                      [storeF64(get(out), fromI32(load(get(address))))],
                    ),
                  ],
                ),
                increase(out, i32(8)),
                increase(item, i32(4)),
              ),
              store(get(group), get(out), 4 * SampleWord.cursor),
            ]),
          ]),
        ],
      ),
      increase(group, i32(4 * SampleWord.words)),
      increase(k, i32(1)),
    ),
  );
  return f;
}

const geS =
  (a: Code, b: Code): Code =>
  (out) => {
    a(out);
    b(out);
    out.byte(0x4e);
  };
