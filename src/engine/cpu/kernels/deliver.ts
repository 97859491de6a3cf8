/** The delivery kernel: walks the slice of every published spike in every tile and adds to the tile's rings. */

import {
  add,
  and,
  call,
  eq,
  f64Add,
  f64FromI32,
  f64Mul,
  get,
  geU,
  i32,
  increase,
  load,
  loadF64,
  loadU16,
  ltU,
  mul,
  set,
  shl,
  shrS,
  store,
  storeF64,
  sub,
  when,
  whileLoop,
} from "../../../compiler/wasm/code.js";
import {
  type Code,
  F64,
  type FunctionBuilder,
  I32,
  type Local,
  type ModuleBuilder,
} from "../../../compiler/wasm/encoder.js";
import { Block, BlockKind, SPIKE_BYTES, Tile } from "../tile-format.js";

const UNROLL = 4;

/** @returns deliver(first tile's address list, number of tiles, first spike, end of spikes, address of the groups of ids) */
export function emitDeliver(module: ModuleBuilder): FunctionBuilder {
  const walk = emitWalk(module);
  const f = module.function([I32, I32, I32, I32, I32], [], "deliver");
  const [tiles, tileCount, firstSpike, endSpikes, groupOf] = f.parameters as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const [k, tile, spike, groups, entry, block, end] = Array.from({ length: 7 }, () => f.local(I32)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  f.emit(
    set(k, i32(0)),
    whileLoop(
      ltU(get(k), get(tileCount)),
      set(tile, load(add(get(tiles), shl(get(k), i32(2))))),
      set(groups, load(get(tile), 4 * Tile.groups)),
      set(spike, get(firstSpike)),
      whileLoop(
        ltU(get(spike), get(endSpikes)),
        set(entry, add(get(groups), shl(loadU16(add(get(groupOf), shl(load(get(spike)), i32(1)))), i32(2)))),
        set(block, load(get(entry))),
        set(end, load(get(entry), 4)),
        whileLoop(
          ltU(get(block), get(end)),
          call(walk, get(tile), get(block), get(spike)),
          increase(block, i32(4 * Block.words)),
        ),
        increase(spike, i32(SPIKE_BYTES)),
      ),
      increase(k, i32(1)),
    ),
  );
  return f;
}

/** walk(tile, block, spike): one slice */
function emitWalk(module: ModuleBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32], []);
  const [tile, block, spike] = f.parameters as [Local, Local, Local];
  const local = () => f.local(I32);
  const [source, pointer, p, end, kind, base, weight, mask, ring, times] = Array.from(
    { length: 10 },
    local,
  ) as [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];
  const weight64 = f.local(F64);
  const word = (w: number) => load(get(block), 4 * w);
  const step = load(get(spike), 4);
  const x = local();
  const at = local();
  const bytesOf = (l: Local, bytes: number) =>
    bytes === 2 ? shl(get(l), i32(1)) : bytes === 4 ? shl(get(l), i32(2)) : mul(get(l), i32(bytes));

  /** turns positions p, end into addresses and walks; `one(offset)` adds one synapse */
  const slice = (bytes: number, one: (offset: number) => Code[]): Code[] => [
    set(end, add(word(Block.data), bytesOf(end, bytes))),
    set(p, add(word(Block.data), bytesOf(p, bytes))),
    whileLoop(
      geU(sub(get(end), get(p)), i32(bytes * UNROLL)),
      ...Array.from({ length: UNROLL }, (_, u) => one(u * bytes)).flat(),
      increase(p, i32(bytes * UNROLL)),
    ),
    whileLoop(ltU(get(p), get(end)), ...one(0), increase(p, i32(bytes))),
  ];
  const add32 = (address: Code, value: Code): Code[] => [
    set(at, address),
    store(get(at), add(load(get(at)), value)),
  ];
  const add64 = (address: Code, value: Code): Code[] => [
    set(at, address),
    storeF64(get(at), f64Add(loadF64(get(at)), value)),
  ];
  const rowBase = shl(step, load(get(tile), 4 * Tile.rowBits));

  const constant32 = [
    set(weight, mul(word(Block.weight), get(times))),
    set(
      base,
      add(
        word(Block.ring),
        shl(
          shl(
            and(add(step, word(Block.delay)), load(get(tile), 4 * Tile.rowMask)),
            load(get(tile), 4 * Tile.rowBits),
          ),
          i32(2),
        ),
      ),
    ),
    ...slice(2, (o) => add32(add(get(base), shl(loadU16(get(p), o), i32(2))), get(weight))),
  ];
  const constant64 = [
    set(weight64, f64Mul(loadF64(get(block), 4 * Block.weight64), f64FromI32(get(times)))),
    set(
      base,
      add(
        word(Block.ring),
        shl(
          shl(
            and(add(step, word(Block.delay)), load(get(tile), 4 * Tile.rowMask)),
            load(get(tile), 4 * Tile.rowBits),
          ),
          i32(3),
        ),
      ),
    ),
    ...slice(2, (o) => add64(add(get(base), shl(loadU16(get(p), o), i32(3))), get(weight64))),
  ];
  const common = [
    set(base, rowBase),
    set(mask, load(get(tile), 4 * Tile.ringMask)),
    set(ring, word(Block.ring)),
  ];
  const ringIndex = and(add(get(x), get(base)), get(mask));
  const packed32 = [
    ...common,
    set(weight, mul(word(Block.weight), get(times))),
    ...slice(4, (o) => [
      set(x, load(get(p), o)),
      ...add32(add(get(ring), shl(ringIndex, i32(2))), mul(shrS(get(x), i32(16)), get(weight))),
    ]),
  ];
  const packed64 = [
    ...common,
    set(weight64, f64Mul(loadF64(get(block), 4 * Block.weight64), f64FromI32(get(times)))),
    ...slice(4, (o) => [
      set(x, load(get(p), o)),
      ...add64(
        add(get(ring), shl(ringIndex, i32(3))),
        f64Mul(f64FromI32(shrS(get(x), i32(16))), get(weight64)),
      ),
    ]),
  ];
  const wide32 = [
    ...common,
    ...slice(8, (o) => [
      set(x, load(get(p), o)),
      ...add32(add(get(ring), shl(ringIndex, i32(2))), mul(load(get(p), o + 4), get(times))),
    ]),
  ];
  const wide64 = [
    ...common,
    set(weight64, f64FromI32(get(times))),
    ...slice(12, (o) => [
      set(x, load(get(p), o)),
      ...add64(add(get(ring), shl(ringIndex, i32(3))), f64Mul(loadF64(get(p), o + 4), get(weight64))),
    ]),
  ];
  const byKind: [number, Code[]][] = [
    [BlockKind.constant32, constant32],
    [BlockKind.packed32, packed32],
    [BlockKind.wide32, wide32],
    [BlockKind.constant64, constant64],
    [BlockKind.packed64, packed64],
    [BlockKind.wide64, wide64],
  ];
  const dispatch = byKind.reduceRight<Code[]>(
    (otherwise, [k, code]) => [when(eq(get(kind), i32(k)), code, otherwise)],
    [],
  );
  f.emit(
    set(source, sub(load(get(spike)), word(Block.firstSource))),
    when(ltU(get(source), word(Block.sourceCount)), [
      set(pointer, add(word(Block.pointers), shl(get(source), i32(2)))),
      set(p, load(get(pointer))),
      set(end, load(get(pointer), 4)),
      when(ltU(get(p), get(end)), [
        set(kind, word(Block.kind)),
        set(times, load(get(spike), 8)),
        ...dispatch,
      ]),
    ]),
  );
  return f;
}
