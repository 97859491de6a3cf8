/**
 * Poisson input. The count of one synapse in one step is an inversion of a 48-bit number: the upper 16 bits come from a Philox
 * call that serves 8 steps, the lower 32 bits, which matter once in thousands of draws, from a call of their own. A whole
 * tile is drawn 8 steps at a time by comparing vectors of 16-bit numbers with all thresholds.
 */

import { Builder } from "../../../compiler/builder.js";
import type { IrFunction } from "../../../compiler/ir.js";
import { philox } from "../../../compiler/math.js";
import {
  add,
  and,
  anyTrue,
  call,
  eq,
  f64Add,
  f64FromI32,
  f64FromU32,
  f64Le,
  f64Mul,
  get,
  gtU,
  i32,
  i32Lane,
  increase,
  lane,
  load,
  loadF64,
  loadSplat32,
  loadSplat64,
  loadV,
  ltU,
  mul,
  ne,
  or,
  set,
  shl,
  shrU,
  simd,
  store,
  store16,
  storeF64,
  storeV,
  sub,
  vconst,
  when,
  whileLoop,
} from "../../../compiler/wasm/code.js";
import {
  type Code,
  F64,
  type FunctionBuilder,
  I32,
  I64,
  type Local,
  type ModuleBuilder,
  V128,
} from "../../../compiler/wasm/encoder.js";
import { VectorPrinter } from "../../../compiler/wasm/print-vector.js";
import { DRIVE_ENTRY, DriveWord, Tile } from "../tile-format.js";

function philoxIr(): IrFunction {
  const b = new Builder();
  const inputs = ["gid", "group", "ordinal", "zero", "key0", "key1"].map((name) => b.variable(name, "u32"));
  const outputs = ["w0", "w1", "w2", "w3"].map((name) => b.variable(name, "u32"));
  const [gid, group, ordinal, zero, key0, key1] = inputs.map((v) => b.get(v));
  const words = philox(b, [gid!, group!, ordinal!, zero!], [key0!, key1!]);
  outputs.forEach((o, i) => {
    b.set(o, words[i]!);
  });
  return b.finish(
    "philox",
    inputs.map((variable, i) => ({ variable, uniform: i > 0 })),
    outputs,
  );
}

/** scalar philox: word(counter 0..3, key 0..1, which) -> one word */
function emitScalarPhilox(module: ModuleBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32, I32, I32, I32, I32], [I32]);
  const [c0, c1, c2, c3, k0, k1, which] = f.parameters as [Local, Local, Local, Local, Local, Local, Local];
  const [p0, p1] = [f.local(I64), f.local(I64)];
  const round = f.local(I32);
  const wide =
    (x: Code): Code =>
    (out) => {
      x(out);
      out.byte(0xad); // i64.extend_i32_u
    };
  const product =
    (factor: number, x: Local): Code =>
    (out) => {
      wide(i32(factor | 0))(out);
      wide(get(x))(out);
      out.byte(0x7e); // i64.mul
    };
  const low =
    (p: Local): Code =>
    (out) => {
      get(p)(out);
      out.byte(0xa7);
    };
  const high =
    (p: Local): Code =>
    (out) => {
      get(p)(out);
      out.bytes([0x42, 32, 0x88, 0xa7]); // i64.const 32, i64.shr_u, i32.wrap
    };
  const xor =
    (a: Code, b: Code): Code =>
    (out) => {
      a(out);
      b(out);
      out.byte(0x73);
    };
  f.emit(
    whileLoop(
      ltU(get(round), i32(10)),
      set(p0, product(0xd2511f53, c0)),
      set(p1, product(0xcd9e8d57, c2)),
      set(c0, xor(xor(high(p1), get(c1)), get(k0))),
      set(c1, low(p1)),
      set(c2, xor(xor(high(p0), get(c3)), get(k1))),
      set(c3, low(p0)),
      increase(k0, i32(0x9e3779b9 | 0)),
      increase(k1, i32(0xbb67ae85 | 0)),
      increase(round, i32(1)),
    ),
    when(eq(get(which), i32(1)), [set(c0, get(c1))]),
    when(eq(get(which), i32(2)), [set(c0, get(c2))]),
    when(eq(get(which), i32(3)), [set(c0, get(c3))]),
    get(c0),
  );
  return f;
}

/** exact(drive, gid, ordinal, step, upper 16 bits) -> count, by binary search in the 48-bit thresholds */
function emitExact(module: ModuleBuilder, word: FunctionBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32, I32, I32], [I32]);
  const [drive, gid, ordinal, step, upper] = f.parameters as [Local, Local, Local, Local, Local];
  const [low, high, middle] = [f.local(I32), f.local(I32), f.local(I32)];
  const u = f.local(F64);
  const d = (w: number) => load(get(drive), 4 * w);
  const f64const =
    (v: number): Code =>
    (out) => {
      out.byte(0x44);
      out.bytes(new Uint8Array(new Float64Array([v]).buffer));
    };
  f.emit(
    set(
      u,
      f64Add(
        f64Mul(f64FromU32(get(upper)), f64const(2 ** 32)),
        f64FromU32(
          call(word, get(gid), get(step), get(ordinal), i32(1), d(DriveWord.key0), d(DriveWord.key1), i32(0)),
        ),
      ),
    ),
    set(low, i32(0)),
    set(high, d(DriveWord.thresholdCount)),
    whileLoop(
      ltU(get(low), get(high)),
      set(middle, shrU(add(get(low), get(high)), i32(1))),
      when(
        f64Le(loadF64(add(d(DriveWord.thresholds), shl(get(middle), i32(3)))), get(u)),
        [set(low, add(get(middle), i32(1)))],
        [set(high, get(middle))],
      ),
    ),
    add(d(DriveWord.first), get(low)),
  );
  return f;
}

/** fill(tile, drive, group of 8 steps): counts for every neuron of the tile */
function emitFill(module: ModuleBuilder, exact: FunctionBuilder): FunctionBuilder {
  const f = module.function([I32, I32, I32], []);
  const [tile, drive, group] = f.parameters as [Local, Local, Local];
  const d = (w: number) => load(get(drive), 4 * w);
  const ir = philoxIr();
  const printer = new VectorPrinter(f, ir, 1);
  const [gid, groupVariable, ordinal, zero, key0, key1] = ir.inputs.map(
    (i) => printer.parts(i.variable)[0]!,
  ) as [Local, Local, Local, Local, Local, Local];
  const words = ir.outputs.map((o) => printer.parts(o)[0]!);
  const counts = words.map(() => f.local(V128));
  const [splat, ambiguous] = [f.local(V128), f.local(V128)];
  const [n, k, address, padded, plane, half] = Array.from({ length: 6 }, () => f.local(I32)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const splatI32 = (x: Code) => simd(0x11, x);
  const zeros = vconst(...new Array<number>(16).fill(0));
  const halves = words.flatMap((w, q) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((h) => {
      // halfword h belongs to neuron h >> 1 and step 2 q + (h & 1)
      const upper = lane(0x19, h, get(w)); // i16x8.extract_lane_u
      return [
        set(half, upper),
        when(eq(call(isAmbiguous(), get(drive), get(half)), i32(1)), [
          store16(
            add(get(address), i32(2 * h)),
            call(
              exact,
              get(drive),
              i32Lane(h >> 1, get(gid)),
              i32(0),
              add(shl(get(group), i32(3)), i32(2 * q + (h & 1))),
              get(half),
            ),
          ),
        ]),
        ...(h === 7 ? [increase(address, get(plane))] : []),
      ];
    }),
  );
  /** 1 if the upper 16 bits leave the count open */
  function isAmbiguous(): FunctionBuilder {
    test ??= (() => {
      const g = module.function([I32, I32], [I32]);
      const [dr, u] = g.parameters as [Local, Local];
      const [j, found] = [g.local(I32), g.local(I32)];
      g.emit(
        whileLoop(
          ltU(get(j), load(get(dr), 4 * DriveWord.splatCount)),
          set(
            found,
            or(
              get(found),
              eq(
                and(load(add(load(get(dr), 4 * DriveWord.splats), shl(get(j), i32(2)))), i32(0xffff)),
                get(u),
              ),
            ),
          ),
          increase(j, i32(1)),
        ),
        get(found),
      );
      return g;
    })();
    return test;
  }
  f.emit(
    set(groupVariable, splatI32(get(group))),
    set(ordinal, zeros),
    set(zero, zeros),
    set(key0, splatI32(d(DriveWord.key0))),
    set(key1, splatI32(d(DriveWord.key1))),
    set(padded, load(get(tile), 4 * Tile.padded)),
    set(plane, shl(get(padded), i32(2))),
    set(n, i32(0)),
    ...printer.before,
    whileLoop(
      ltU(get(n), get(padded)),
      set(
        gid,
        simd(
          0xae,
          splatI32(add(load(get(tile), 4 * Tile.firstId), get(n))),
          vconst(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0),
        ),
      ),
      ...printer.body,
      ...counts.map((c) => set(c, simd(0x10, d(DriveWord.base)))), // i16x8.splat
      set(ambiguous, zeros),
      set(k, d(DriveWord.splats)),
      set(half, add(get(k), shl(d(DriveWord.splatCount), i32(2)))),
      whileLoop(
        ltU(get(k), get(half)),
        set(splat, loadSplat32(get(k))),
        ...counts.map((c, q) => set(c, simd(0x91, get(c), simd(0x32, get(words[q]!), get(splat))))), // count -= (u > threshold ? -1 : 0)
        ...words.map((w) => set(ambiguous, simd(0x50, get(ambiguous), simd(0x2d, get(w), get(splat))))),
        increase(k, i32(4)),
      ),
      set(address, add(d(DriveWord.buffer), shl(get(n), i32(2)))),
      ...counts.map((c, q) => storeV(add(get(address), mul(get(plane), i32(q))), get(c))),
      when(anyTrue(get(ambiguous)), halves),
      increase(n, i32(4)),
    ),
  );
  return f;
}
let test: FunctionBuilder | undefined;

/** @returns drive(tile, step): adds the Poisson input that arrives in this step to the tile's rings */
export function emitDrives(module: ModuleBuilder): FunctionBuilder {
  test = undefined;
  const word = emitScalarPhilox(module);
  const exact = emitExact(module, word);
  const fill = emitFill(module, exact);
  const f = module.function([I32, I32], []);
  const [tile, step] = f.parameters as [Local, Local];
  const [k, drive, emitted, group, ring, n, address, shift, count, padded] = Array.from({ length: 10 }, () =>
    f.local(I32),
  ) as [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];
  const [weight, values] = [f.local(V128), f.local(V128)];
  const d = (w: number) => load(get(drive), 4 * w);
  const t = (w: number) => load(get(tile), 4 * w);
  const row = shl(and(get(step), t(Tile.rowMask)), t(Tile.rowBits));
  const counts = simd(
    0x4e,
    simd(0xad, loadV(add(get(address), shl(get(n), i32(2)))), get(shift)),
    vconst(255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0),
  );
  const active = (s: Code) => and(gtU(s, d(DriveWord.start)), leUnsigned(s, d(DriveWord.stop)));
  const dense = [
    set(emitted, sub(get(step), d(DriveWord.delay))),
    when(and(gtU(add(get(step), i32(0)), d(DriveWord.delay)), active(get(emitted))), [
      set(group, shrU(get(emitted), i32(3))),
      when(ne(get(group), d(DriveWord.bufferGroup)), [
        call(fill, get(tile), get(drive), get(group)),
        store(get(drive), get(group), 4 * DriveWord.bufferGroup),
      ]),
      set(padded, t(Tile.padded)),
      set(
        address,
        add(d(DriveWord.buffer), mul(shl(get(padded), i32(2)), and(shrU(get(emitted), i32(1)), i32(3)))),
      ),
      set(shift, shl(and(get(emitted), i32(1)), i32(4))),
      set(n, i32(0)),
      when(
        d(DriveWord.wide),
        [
          set(weight, loadSplat64(get(drive), 4 * DriveWord.weight64)),
          set(ring, add(d(DriveWord.ring), shl(row, i32(3)))),
          whileLoop(
            ltU(get(n), get(padded)),
            set(values, counts),
            ...[0, 1].map((half) =>
              storeV(
                get(ring),
                simd(
                  0xf0,
                  loadV(get(ring), 16 * half),
                  simd(0xf2, simd(0xfe, half === 0 ? get(values) : upperHalf(get(values))), get(weight)),
                ),
                16 * half,
              ),
            ),
            increase(ring, i32(32)),
            increase(n, i32(4)),
          ),
        ],
        [
          set(weight, loadSplat32(get(drive), 4 * DriveWord.weight)),
          set(ring, add(d(DriveWord.ring), shl(row, i32(2)))),
          whileLoop(
            ltU(get(n), get(padded)),
            storeV(get(ring), simd(0xae, loadV(get(ring)), simd(0xb5, counts, get(weight)))),
            increase(ring, i32(16)),
            increase(n, i32(4)),
          ),
        ],
      ),
    ]),
  ];
  const [entry, end, target, ordinal] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)];
  const upper = and(
    shrU(
      call(
        word,
        add(t(Tile.firstId), get(target)),
        shrU(get(emitted), i32(3)),
        get(ordinal),
        i32(0),
        d(DriveWord.key0),
        d(DriveWord.key1),
        and(shrU(get(emitted), i32(1)), i32(3)),
      ),
      shl(and(get(emitted), i32(1)), i32(4)),
    ),
    i32(0xffff),
  );
  const list = [
    set(entry, d(DriveWord.entries)),
    set(end, add(get(entry), mul(d(DriveWord.entryCount), i32(DRIVE_ENTRY)))),
    whileLoop(
      ltU(get(entry), get(end)),
      set(target, load(get(entry))),
      set(ordinal, load(get(entry), 4)),
      set(emitted, sub(get(step), load(get(entry), 8))),
      when(and(gtU(get(step), load(get(entry), 8)), active(get(emitted))), [
        set(
          count,
          call(exact, get(drive), add(t(Tile.firstId), get(target)), get(ordinal), get(emitted), upper),
        ),
        when(
          d(DriveWord.wide),
          [
            set(ring, add(d(DriveWord.ring), shl(add(row, get(target)), i32(3)))),
            storeF64(
              get(ring),
              f64Add(loadF64(get(ring)), f64Mul(f64FromI32(get(count)), loadF64(get(entry), 16))),
            ),
          ],
          [
            set(ring, add(d(DriveWord.ring), shl(add(row, get(target)), i32(2)))),
            store(get(ring), add(load(get(ring)), mul(get(count), truncated(loadF64(get(entry), 16))))),
          ],
        ),
      ]),
      increase(entry, i32(DRIVE_ENTRY)),
    ),
  ];
  f.emit(
    set(drive, t(Tile.drives)),
    whileLoop(
      ltU(get(k), t(Tile.driveCount)),
      when(d(DriveWord.kind), list, dense),
      increase(drive, i32(4 * DriveWord.words)),
      increase(k, i32(1)),
    ),
  );
  return f;
}

const leUnsigned =
  (a: Code, b: Code): Code =>
  (out) => {
    a(out);
    b(out);
    out.byte(0x4d);
  };
const truncated =
  (a: Code): Code =>
  (out) => {
    a(out);
    out.bytes([0xfc, 0x02]);
  };
const upperHalf =
  (v: Code): Code =>
  (out) => {
    v(out);
    v(out);
    out.bytes([0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
  };
