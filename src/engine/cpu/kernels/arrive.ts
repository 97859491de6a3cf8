/**
 * Delivery at arrival: synapses are sorted by source and delay, published spikes are remembered for as long as the longest
 * delay, and each step adds the slices whose delay ends in it to a single row of sums, which stays in the cache.
 */

import {
  add,
  and,
  call,
  eq,
  eqz,
  get,
  gtU,
  i32,
  increase,
  leU,
  load,
  loadU16,
  loadV,
  ltU,
  mul,
  set,
  shl,
  shrS,
  shrU,
  simd,
  store,
  storeV,
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
import { Block, BlockKind, Domain, ErrorCode, Fixed, REMEMBERED, SPIKE_BYTES } from "../tile-format.js";
import { emitStepTile, type MemoryShape } from "./run.js";
import type { Variant } from "./update.js";

/** Exports as those of `emitRunModule`; `deliver` remembers spikes. */
export function emitArrivalModule(
  variants: readonly Variant[],
  memory: MemoryShape,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const stepTile = emitStepTile(module, variants);
  const arrive = emitArrive(module);
  emitRemember(module);
  const advance = module.function([I32, I32, I32, I32], [], "advance");
  const [tiles, tileCount, start, steps] = advance.parameters as [Local, Local, Local, Local];
  const [k, step, end] = [0, 1, 2].map(() => advance.local(I32)) as [Local, Local, Local];
  const head = shl(and(sub(get(step), load(i32(Fixed.longest))), load(i32(Fixed.headMask))), i32(3));
  advance.emit(
    set(step, get(start)),
    set(end, add(get(start), get(steps))),
    whileLoop(
      ltU(get(step), get(end)),
      increase(step, i32(1)),
      set(k, i32(0)),
      whileLoop(
        ltU(get(k), load(i32(Fixed.domainCount))),
        call(arrive, add(load(i32(Fixed.domains)), mul(get(k), i32(4 * Domain.words))), get(step)),
        increase(k, i32(1)),
      ),
      // the list of a step that no delay reaches any more is emptied for its next use
      store(add(load(i32(Fixed.heads)), head), i32(0)),
      set(k, i32(0)),
      whileLoop(
        ltU(get(k), get(tileCount)),
        call(stepTile, load(add(get(tiles), shl(get(k), i32(2)))), get(step)),
        increase(k, i32(1)),
      ),
    ),
  );
  return module.finish(memory);
}

/** deliver(tiles, tileCount, first, end, groupOf): puts spikes into the list of their step */
function emitRemember(module: ModuleBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32, I32, I32], [], "deliver");
  const [, , first, end] = f.parameters as [Local, Local, Local, Local, Local];
  const [spike, head, entry, n] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)];
  f.emit(
    set(spike, get(first)),
    whileLoop(
      ltU(get(spike), get(end)),
      // entries are numbered without end; the newest overwrites the oldest
      set(n, load(i32(Fixed.remembered))),
      store(i32(Fixed.remembered), add(get(n), i32(1))),
      set(
        entry,
        add(load(i32(Fixed.entries)), mul(and(get(n), load(i32(Fixed.entryMask))), i32(REMEMBERED))),
      ),
      set(
        head,
        add(load(i32(Fixed.heads)), shl(and(load(get(spike), 4), load(i32(Fixed.headMask))), i32(3))),
      ),
      store(get(entry), load(get(spike))),
      store(get(entry), load(get(spike), 8), 4),
      store(get(entry), load(get(head)), 8),
      when(eqz(load(get(head))), [store(get(head), get(n), 4)]),
      store(get(head), get(entry)),
      increase(spike, i32(SPIKE_BYTES)),
    ),
  );
  return f;
}

/** arrive(domain, step): adds what arrives in this step to the row */
function emitArrive(module: ModuleBuilder): FunctionBuilder {
  const slice = emitSlice(module);
  const f = module.function([I32, I32], []);
  const [domain, step] = f.parameters as [Local, Local];
  const [delay, head, spike, entry, block, end, source, p] = Array.from({ length: 8 }, () =>
    f.local(I32),
  ) as [Local, Local, Local, Local, Local, Local, Local, Local];
  const d = (w: number) => load(get(domain), 4 * w);
  f.emit(
    // what was pending when a saved state was taken up
    when(leU(get(step), d(Domain.pendingUntil)), [
      when(gtU(get(step), d(Domain.pendingFrom)), [
        set(
          p,
          add(d(Domain.pending), mul(sub(sub(get(step), d(Domain.pendingFrom)), i32(1)), d(Domain.rowBytes))),
        ),
        set(entry, d(Domain.row)),
        set(end, add(get(entry), d(Domain.rowBytes))),
        whileLoop(
          ltU(get(entry), get(end)),
          storeV(get(entry), simd(0xae, loadV(get(entry)), loadV(get(p)))),
          increase(entry, i32(16)),
          increase(p, i32(16)),
        ),
      ]),
    ]),
    set(delay, d(Domain.minDelay)),
    whileLoop(
      leU(get(delay), d(Domain.maxDelay)),
      when(ltU(get(delay), get(step)), [
        set(
          head,
          add(
            load(i32(Fixed.heads)),
            shl(and(sub(get(step), get(delay)), load(i32(Fixed.headMask))), i32(3)),
          ),
        ),
        set(spike, load(get(head))),
        // the oldest spike of the list must still be there
        when(get(spike), [
          when(gtU(sub(load(i32(Fixed.remembered)), load(get(head), 4)), load(i32(Fixed.entryMask))), [
            store(i32(Fixed.error), i32(ErrorCode.remembered)),
            store(i32(Fixed.error + 8), get(step)),
          ]),
        ]),
        whileLoop(
          get(spike),
          set(
            entry,
            add(
              d(Domain.groups),
              shl(loadU16(add(load(i32(Fixed.groupOf)), shl(load(get(spike)), i32(1)))), i32(2)),
            ),
          ),
          set(block, load(get(entry))),
          set(end, load(get(entry), 4)),
          whileLoop(
            ltU(get(block), get(end)),
            set(source, sub(load(get(spike)), load(get(block), 4 * Block.firstSource))),
            set(p, sub(get(delay), load(get(block), 4 * Block.delay))),
            when(
              and(
                ltU(get(source), load(get(block), 4 * Block.sourceCount)),
                ltU(get(p), load(get(block), 4 * Block.delayCount)),
              ),
              [
                set(
                  p,
                  add(
                    load(get(block), 4 * Block.pointers),
                    shl(add(mul(get(source), load(get(block), 4 * Block.delayCount)), get(p)), i32(2)),
                  ),
                ),
                when(ltU(load(get(p)), load(get(p), 4)), [
                  call(slice, get(block), load(get(p)), load(get(p), 4), load(get(spike), 4)),
                ]),
              ],
            ),
            increase(block, i32(4 * Block.words)),
          ),
          set(spike, load(get(spike), 8)),
        ),
      ]),
      increase(delay, i32(1)),
    ),
  );
  return f;
}

/** slice(block, from, to, multiplicity) */
function emitSlice(module: ModuleBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32, I32], []);
  const [block, from, to, times] = f.parameters as [Local, Local, Local, Local];
  const [p, end, weight, ring, at, x] = Array.from({ length: 6 }, () => f.local(I32)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const b = (w: number) => load(get(block), 4 * w);
  const add32 = (value: Code): Code[] => [store(get(at), add(load(get(at)), value))];
  const walk = (bytes: number, one: (offset: number) => Code[]): Code[] => [
    set(p, add(b(Block.data), bytes === 2 ? shl(get(from), i32(1)) : shl(get(from), i32(2)))),
    set(end, add(b(Block.data), bytes === 2 ? shl(get(to), i32(1)) : shl(get(to), i32(2)))),
    whileLoop(
      leU(add(get(p), i32(4 * bytes)), get(end)),
      ...[0, 1, 2, 3].flatMap((u) => one(u * bytes)),
      increase(p, i32(4 * bytes)),
    ),
    whileLoop(ltU(get(p), get(end)), ...one(0), increase(p, i32(bytes))),
  ];
  f.emit(
    set(weight, mul(b(Block.weight), get(times))),
    set(ring, b(Block.ring)),
    when(
      eq(b(Block.kind), i32(BlockKind.constant32)),
      walk(2, (o) => [set(at, add(get(ring), shl(loadU16(get(p), o), i32(2)))), ...add32(get(weight))]),
      walk(4, (o) => [
        set(x, load(get(p), o)),
        set(at, add(get(ring), shl(and(get(x), i32(0xffff)), i32(2)))),
        ...add32(mul(shrS(get(x), i32(16)), get(weight))),
      ]),
    ),
  );
  return f;
}

/**
 * Adds `merge(members, count, sources, delays, minDelay, pointers, data)` to a build module: joins the synapses of several tiles,
 * each sorted by source, into one list sorted by source and delay. A member is (pointers, data, target bits, offset of the
 * tile's neurons in the domain).
 */
export function emitMerge(module: ModuleBuilder): void {
  const f = module.function([I32, I32, I32, I32, I32, I32, I32], [], "merge");
  const [members, count, sources, delays, minDelay, pointers, data] = f.parameters as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const [s, m, member, p, end, x, cursor, sum, own, bits, mask, offset, row] = Array.from(
    { length: 13 },
    () => f.local(I32),
  ) as [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];
  const eachMember = (body: (p: Local) => Code[]): Code[] => [
    set(m, i32(0)),
    whileLoop(
      ltU(get(m), get(count)),
      set(member, add(get(members), shl(get(m), i32(4)))),
      set(bits, load(get(member), 8)),
      set(mask, sub(shl(i32(1), get(bits)), i32(1))),
      set(offset, load(get(member), 12)),
      set(p, load(add(load(get(member)), shl(get(s), i32(2))))),
      set(end, load(add(load(get(member)), shl(get(s), i32(2))), 4)),
      set(p, add(load(get(member), 4), shl(get(p), i32(2)))),
      set(end, add(load(get(member), 4), shl(get(end), i32(2)))),
      whileLoop(
        ltU(get(p), get(end)),
        set(x, load(get(p))),
        set(
          cursor,
          add(get(row), shl(sub(shrU(and(get(x), i32(0xffff)), get(bits)), get(minDelay)), i32(2))),
        ),
        ...body(p),
        increase(p, i32(4)),
      ),
      increase(m, i32(1)),
    ),
  ];
  f.emit(
    whileLoop(
      ltU(get(s), get(sources)),
      // one word further, so that the counts can become cursors and then ends
      set(row, add(add(get(pointers), i32(4)), shl(mul(get(s), get(delays)), i32(2)))),
      ...eachMember(() => [store(get(cursor), add(load(get(cursor)), i32(1)))]),
      set(cursor, get(row)),
      set(end, add(get(row), shl(get(delays), i32(2)))),
      whileLoop(
        ltU(get(cursor), get(end)),
        set(own, load(get(cursor))),
        store(get(cursor), get(sum)),
        increase(sum, get(own)),
        increase(cursor, i32(4)),
      ),
      ...eachMember(() => [
        set(own, load(get(cursor))),
        store(add(get(data), shl(get(own), i32(2))), addHalf(get(x), get(mask), get(offset))),
        store(get(cursor), add(get(own), i32(1))),
      ]),
      increase(s, i32(1)),
    ),
  );
}

/** weight in the upper half, position in the domain in the lower */
const addHalf =
  (x: Code, mask: Code, offset: Code): Code =>
  (out) => {
    and(x, i32(-65536))(out);
    add(and(x, mask), offset)(out);
    out.byte(0x72); // or
  };
