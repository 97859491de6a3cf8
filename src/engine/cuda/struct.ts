/**
 * Structs that the host writes and kernels read: declared once, as a table, from which come the offsets for the host and the
 * declaration in CUDA C++.
 */

const SCALARS = { u16: 2, i32: 4, u32: 4, f32: 4, u64: 8, i64: 8, f64: 8 } as const;
type Scalar = keyof typeof SCALARS;

const TYPES: Readonly<Record<Scalar, string>> = {
  u16: "uint16_t",
  i32: "int32_t",
  u32: "uint32_t",
  f32: "float",
  u64: "uint64_t",
  i64: "int64_t",
  f64: "double",
};

/** A scalar, an address of what is named ("uint32_t*"), or several of one kind: ["f64", 6]. */
export type Field = Scalar | `${string}*` | readonly [Scalar | `${string}*`, number];

export interface Struct<K extends string> {
  readonly name: string;
  readonly bytes: number;
  /** in CUDA C++ */
  readonly declaration: string;
  readonly offsets: Readonly<Record<K, number>>;
  /** Writes the values of one struct; fields left out are 0. */
  pack(values: Partial<Readonly<Record<K, FieldValue>>>): Uint8Array;
}

/** Numbers beyond 2^53 as bigints. */
export type FieldValue = number | bigint | readonly (number | bigint)[];

const isScalar = (type: string): type is Scalar => type in SCALARS;
const sizeOf = (type: string): number => (isScalar(type) ? SCALARS[type] : 8);

function put(view: DataView, at: number, type: string, value: number | bigint): void {
  const n = Number(value);
  if (type === "u16") view.setUint16(at, n, true);
  else if (type === "u32") view.setUint32(at, n, true);
  else if (type === "i32") view.setInt32(at, n, true);
  else if (type === "f32") view.setFloat32(at, n, true);
  else if (type === "f64") view.setFloat64(at, n, true);
  else if (type === "i64") view.setBigInt64(at, BigInt(value), true);
  else view.setBigUint64(at, BigInt(value), true);
}

/** Declares a struct; fields are laid out as C does. */
export function struct<K extends string>(name: string, fields: Readonly<Record<K, Field>>): Struct<K> {
  const offsets = {} as Record<K, number>;
  const lines: string[] = [];
  let [end, alignment] = [0, 1];
  for (const [key, field] of Object.entries(fields) as [K, Field][]) {
    const [type, count] = typeof field === "string" ? [field, 0] : field;
    const size = sizeOf(type);
    end = Math.ceil(end / size) * size;
    offsets[key] = end;
    end += size * Math.max(1, count);
    alignment = Math.max(alignment, size);
    lines.push(`  ${isScalar(type) ? TYPES[type] : type} ${key}${count > 0 ? `[${count}]` : ""};`);
  }
  const bytes = Math.ceil(end / alignment) * alignment;
  return {
    name,
    bytes,
    declaration: `struct ${name} {\n${lines.join("\n")}\n};\n`,
    offsets,
    pack(values) {
      const out = new Uint8Array(bytes);
      const view = new DataView(out.buffer);
      for (const [key, value] of Object.entries(values) as [K, FieldValue | undefined][]) {
        if (value === undefined) continue;
        const field = fields[key];
        const [type, count] = typeof field === "string" ? [field, 1] : field;
        const list = typeof value === "object" ? value : [value];
        if (list.length > count) throw new Error(`${name}.${key} holds ${count} values, not ${list.length}`);
        list.forEach((v, i) => {
          put(view, offsets[key] + i * sizeOf(type), type, v);
        });
      }
      return out;
    },
  };
}

/** Several structs of one kind, one after the other. */
export function packAll<K extends string>(
  s: Struct<K>,
  rows: readonly Partial<Readonly<Record<K, FieldValue>>>[],
): Uint8Array {
  const out = new Uint8Array(Math.max(1, rows.length) * s.bytes);
  rows.forEach((row, i) => {
    out.set(s.pack(row), i * s.bytes);
  });
  return out;
}
