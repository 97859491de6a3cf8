/** Values of parameters and state variables as users give and get them. */

import { SynfireError } from "../errors.js";
import {
  compileDistribution,
  type Distribution,
  isDistribution,
  Purpose,
  philox,
  streamKey,
  uniformOfWord,
} from "../random/index.js";

/** What can be set: one value, one per node, the elements of a vector, or a distribution. */
export type StatusValue =
  | number
  | boolean
  | string
  | ArrayLike<number>
  | readonly (readonly number[])[]
  | readonly string[]
  | Distribution;

/** What is read: a value if all nodes agree, else one per node. */
export type Status =
  | number
  | boolean
  | string
  | readonly string[]
  | Float64Array
  | readonly Float64Array[]
  | Readonly<Record<string, ArrayLike<number>>>;

/** One number for all, or one per node. */
export type PerNode = number | Float64Array;

export const isArrayLike = (v: unknown): v is ArrayLike<unknown> => Array.isArray(v) || ArrayBuffer.isView(v);

/** @throws SynfireError "bad-parameter" */
export function finite(value: unknown, key: string, model: string, allowInfinite = false): number {
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number" || Number.isNaN(number) || (!allowInfinite && !Number.isFinite(number))) {
    throw new SynfireError(
      "bad-parameter",
      `${model}: ${key} must be a ${allowInfinite ? "" : "finite "}number, not ${String(value)}.`,
      key,
    );
  }
  return number;
}

/**
 * One value per node from what a user gave.
 * @param ids - the nodes, for distributions: the draw of a node depends on its id and on `stream` only
 */
export function perNode(
  value: StatusValue,
  key: string,
  model: string,
  ids: Iterable<number> & { readonly length: number },
  seed: number,
  stream: number,
  check: (v: unknown) => number,
): PerNode {
  if (isDistribution(value)) {
    const sampler = compileDistribution(value);
    const [key0, key1] = streamKey(seed, Purpose.initial, stream);
    const words = new Uint32Array(4);
    const out = new Float64Array(ids.length);
    let i = 0;
    for (const id of ids) {
      philox(id, 0, 0, 0, key0, key1, words);
      out[i++] = check(sampler.sample(uniformOfWord(words[0]!)));
    }
    return out;
  }
  if (isArrayLike(value)) {
    if (value.length !== ids.length) {
      throw new SynfireError(
        "bad-parameter",
        `${model}: ${key} has ${value.length} values for ${ids.length} nodes.`,
        key,
      );
    }
    return Float64Array.from(value as ArrayLike<unknown>, check);
  }
  if (typeof value === "object")
    throw new SynfireError(
      "bad-parameter",
      `${model}: ${key} is neither a number, nor an array, nor a distribution.`,
      key,
    );
  return check(value);
}

/** Collapses equal values. */
export function condensed(values: Float64Array): number | Float64Array {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], values[0])) return values;
  return values.length > 0 ? values[0]! : values;
}
