/** Values of nodes: which belong to which, for parts, copies and devices of a collection. */

import { SynfireError } from "../errors.js";
import type { Device } from "./devices.js";
import { isArrayLike, type Status, type StatusValue } from "./status.js";

/** lists of n values, one for each node, as they are for all copies of these nodes */
export function forCopies(
  parameters: Readonly<Record<string, StatusValue>>,
  n: number,
  copies: number,
): Readonly<Record<string, StatusValue>> {
  if (copies === 1) return parameters;
  const repeated = (value: StatusValue): StatusValue => {
    if (!isArrayLike(value) || value.length !== n || n === 1) return value;
    const list = Array.from(value as ArrayLike<number>);
    return Array.from({ length: copies }, () => list).flat();
  };
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, repeated(value)]));
}

/** the size of vectors from the length of a list that was given for one of them */
export function impliedSize(
  model: {
    readonly parameters: readonly {
      readonly name: string;
      readonly size?: { readonly kind: string; readonly name?: string };
    }[];
  },
  size: string,
  parameters: Readonly<Record<string, StatusValue>>,
): number | undefined {
  for (const d of model.parameters) {
    const given = parameters[d.name];
    if (d.size?.kind === "name" && d.size.name === size && isArrayLike(given) && typeof given[0] === "number")
      return given.length;
  }
  return undefined;
}

/** one value if all are equal, else one per node */
export function combined(values: readonly Status[]): Status {
  const [first] = values;
  const equal = (a: Status, b: Status): boolean =>
    Object.is(a, b) ||
    (ArrayBuffer.isView(a) &&
      ArrayBuffer.isView(b) &&
      a.length === b.length &&
      a.every((x, i) => Object.is(x, b[i])));
  if (values.every((v) => equal(v, first!))) return first!;
  if (values.every((v) => typeof v === "number" || typeof v === "boolean"))
    return Float64Array.from(values, Number);
  return values as readonly string[];
}

/** the values that belong to one of n devices */
export function ofDevice(
  device: Device,
  values: Readonly<Record<string, StatusValue>>,
  index: number,
  n: number,
): Record<string, StatusValue> {
  const own = (key: string, value: StatusValue): StatusValue => {
    const current = device.values[key];
    if (!isArrayLike(value) || (typeof current !== "number" && !isArrayLike(value[0]))) return value;
    if (value.length !== n)
      throw new SynfireError(
        "bad-parameter",
        `${device.kind}: ${key} has ${value.length} values for ${n} nodes.`,
        key,
      );
    return value[index] as StatusValue;
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, own(key, value)]));
}

/** the values that belong to some of the nodes */
export function partOf(
  values: Readonly<Record<string, StatusValue>>,
  at: Uint32Array,
  count: number,
): Record<string, StatusValue> {
  const out: Record<string, StatusValue> = {};
  for (const [key, v] of Object.entries(values)) {
    const list = Array.isArray(v) || ArrayBuffer.isView(v) ? (v as ArrayLike<number>) : undefined;
    out[key] = list && list.length === count ? Array.from(at, (i) => list[i]!) : v;
  }
  return out;
}
