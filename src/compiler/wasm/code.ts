/** WebAssembly instructions as expressions: `set(x, add(get(x), i32(1)))`. Only what the engine uses. */

import type { Bytes, Code, FunctionBuilder, Local, ValType } from "./encoder.js";

const float64 = new Float64Array(1);
const float32 = new Float32Array(1);
const bytes64 = new Uint8Array(float64.buffer);
const bytes32 = new Uint8Array(float32.buffer);

const plain =
  (opcode: number, ...args: Code[]): Code =>
  (out) => {
    for (const arg of args) arg(out);
    out.byte(opcode);
  };

/** an instruction with a prefix byte (0xfd SIMD, 0xfc, 0xfe atomics) */
export const prefixed =
  (prefix: number, opcode: number, ...args: Code[]): Code =>
  (out) => {
    for (const arg of args) arg(out);
    out.byte(prefix);
    out.u(opcode);
  };

export const simd = (opcode: number, ...args: Code[]): Code => prefixed(0xfd, opcode, ...args);
export const seq =
  (...code: readonly Code[]): Code =>
  (out) =>
    code.forEach((c) => c(out));

export const i32 =
  (value: number): Code =>
  (out) => {
    out.byte(0x41);
    out.s(value);
  };
export const i64 =
  (value: number): Code =>
  (out) => {
    out.byte(0x42);
    out.s(value);
  };
export const f64 =
  (value: number): Code =>
  (out) => {
    out.byte(0x44);
    float64[0] = value;
    out.bytes(bytes64);
  };
export const f32 =
  (value: number): Code =>
  (out) => {
    out.byte(0x43);
    float32[0] = value;
    out.bytes(bytes32);
  };

const local = (opcode: number, l: Local) => (out: Bytes) => {
  out.byte(opcode);
  out.u(l.index);
};
export const get = (l: Local): Code => local(0x20, l);
export const set = (l: Local, value: Code): Code => seq(value, local(0x21, l));
export const getGlobal =
  (index: number): Code =>
  (out) => {
    out.byte(0x23);
    out.u(index);
  };
export const setGlobal =
  (index: number, value: Code): Code =>
  (out) => {
    value(out);
    out.byte(0x24);
    out.u(index);
  };

const memory =
  (opcode: number, align: number, offset: number, ...args: Code[]): Code =>
  (out) => {
    for (const arg of args) arg(out);
    out.byte(opcode);
    out.u(align);
    out.u(offset);
  };
export const load = (address: Code, offset = 0): Code => memory(0x28, 2, offset, address);
export const loadU16 = (address: Code, offset = 0): Code => memory(0x2f, 1, offset, address);
export const loadF32 = (address: Code, offset = 0): Code => memory(0x2a, 2, offset, address);
export const loadF64 = (address: Code, offset = 0): Code => memory(0x2b, 2, offset, address);
export const store = (address: Code, value: Code, offset = 0): Code =>
  memory(0x36, 2, offset, address, value);
export const store16 = (address: Code, value: Code, offset = 0): Code =>
  memory(0x3b, 1, offset, address, value);
export const storeF64 = (address: Code, value: Code, offset = 0): Code =>
  memory(0x39, 2, offset, address, value);

const simdMemory =
  (opcode: number, offset: number, ...args: Code[]): Code =>
  (out) => {
    for (const arg of args) arg(out);
    out.byte(0xfd);
    out.u(opcode);
    out.u(0);
    out.u(offset);
  };
export const loadV = (address: Code, offset = 0): Code => simdMemory(0x00, offset, address);
export const loadSplat32 = (address: Code, offset = 0): Code => simdMemory(0x09, offset, address);
export const loadSplat64 = (address: Code, offset = 0): Code => simdMemory(0x0a, offset, address);
export const storeV = (address: Code, value: Code, offset = 0): Code =>
  simdMemory(0x0b, offset, address, value);
export const vconst =
  (...bytes: number[]): Code =>
  (out) => {
    out.byte(0xfd);
    out.u(0x0c);
    out.bytes(bytes);
  };
export const shuffle =
  (a: Code, b: Code, lanes: readonly number[]): Code =>
  (out) => {
    a(out);
    b(out);
    out.byte(0xfd);
    out.u(0x0d);
    out.bytes(lanes);
  };
/** extract_lane */
export const lane =
  (opcode: number, index: number, a: Code): Code =>
  (out) => {
    a(out);
    out.byte(0xfd);
    out.u(opcode);
    out.byte(index);
  };
export const i32Lane = (index: number, a: Code) => lane(0x1b, index, a);
export const f64Lane = (index: number, a: Code) => lane(0x21, index, a);
export const anyTrue = (a: Code): Code => simd(0x53, a);

export const add = (a: Code, b: Code): Code => plain(0x6a, a, b);
export const sub = (a: Code, b: Code): Code => plain(0x6b, a, b);
export const mul = (a: Code, b: Code): Code => plain(0x6c, a, b);
export const and = (a: Code, b: Code): Code => plain(0x71, a, b);
export const or = (a: Code, b: Code): Code => plain(0x72, a, b);
export const shl = (a: Code, b: Code): Code => plain(0x74, a, b);
export const shrS = (a: Code, b: Code): Code => plain(0x75, a, b);
export const shrU = (a: Code, b: Code): Code => plain(0x76, a, b);
export const eqz = (a: Code): Code => plain(0x45, a);
export const eq = (a: Code, b: Code): Code => plain(0x46, a, b);
export const ne = (a: Code, b: Code): Code => plain(0x47, a, b);
export const ltU = (a: Code, b: Code): Code => plain(0x49, a, b);
export const gtU = (a: Code, b: Code): Code => plain(0x4b, a, b);
export const leU = (a: Code, b: Code): Code => plain(0x4d, a, b);
export const geU = (a: Code, b: Code): Code => plain(0x4f, a, b);
export const geS = (a: Code, b: Code): Code => plain(0x4e, a, b);
export const remU = (a: Code, b: Code): Code => plain(0x70, a, b);
export const f64Add = (a: Code, b: Code): Code => plain(0xa0, a, b);
export const f64Mul = (a: Code, b: Code): Code => plain(0xa2, a, b);
export const f64Le = (a: Code, b: Code): Code => plain(0x65, a, b);
export const f64FromI32 = (a: Code): Code => plain(0xb7, a);
export const f64FromU32 = (a: Code): Code => plain(0xb8, a);
export const wrap = (a: Code): Code => plain(0xa7, a);

const block =
  (opcode: number, body: readonly Code[]): Code =>
  (out) => {
    out.byte(opcode);
    out.byte(0x40);
    for (const code of body) code(out);
    out.byte(0x0b);
  };
const branch = (opcode: number, depth: number) => (out: Bytes) => {
  out.byte(opcode);
  out.u(depth);
};
/** `while (condition) body`; `br(0)` inside the body would restart it */
export const whileLoop = (condition: Code, ...body: Code[]): Code =>
  block(0x02, [block(0x03, [condition, plain(0x45), branch(0x0d, 1), ...body, branch(0x0c, 0)])]);
export const when =
  (condition: Code, then: readonly Code[], otherwise: readonly Code[] = []): Code =>
  (out) => {
    condition(out);
    out.byte(0x04);
    out.byte(0x40);
    for (const code of then) code(out);
    if (otherwise.length > 0) {
      out.byte(0x05);
      for (const code of otherwise) code(out);
    }
    out.byte(0x0b);
  };
export const call =
  (fn: FunctionBuilder, ...args: Code[]): Code =>
  (out) => {
    for (const arg of args) arg(out);
    out.byte(0x10);
    out.u(fn.index);
  };
export const callIndirect =
  (type: number, index: Code, ...args: Code[]): Code =>
  (out) => {
    for (const arg of args) arg(out);
    index(out);
    out.byte(0x11);
    out.u(type);
    out.u(0);
  };
export const give = (a: Code): Code => plain(0x0f, a);
export const fillBytes =
  (address: Code, value: Code, length: Code): Code =>
  (out) => {
    address(out);
    value(out);
    length(out);
    out.bytes([0xfc, 0x0b, 0x00]);
  };
/** x += value */
export const increase = (l: Local, value: Code): Code => set(l, add(get(l), value));
export type { Code, Local, ValType };
