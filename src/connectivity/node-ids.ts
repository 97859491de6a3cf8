/** Sets of node ids: contiguous ranges, and lists. */
import { SynfireError } from "../errors.js";
import type { NodeIds } from "./rule.js";

const ID_LIMIT = 4294967296;

/**
 * The ids first, first + 1, ..., first + length - 1.
 * @throws SynfireError "bad-node" if an id is not an integer from 0 to 2^32 - 1
 */
export function idRange(first: number, length: number): NodeIds {
  if (
    !(
      Number.isInteger(first) &&
      Number.isInteger(length) &&
      first >= 0 &&
      length >= 0 &&
      first + length <= ID_LIMIT
    )
  ) {
    throw new SynfireError(
      "bad-node",
      `Node ids are integers from 0 to 2^32 - 1; got ${length} from ${first}.`,
    );
  }
  return {
    length,
    id: (position) => first + position,
    position: (id) => (id >= first && id < first + length ? id - first : -1),
  };
}

/**
 * The ids of a list, in its order.
 * @throws SynfireError "bad-node" if an id is not an integer from 0 to 2^32 - 1, or occurs twice
 */
export function idList(ids: ArrayLike<number>): NodeIds {
  const positions = new Map<number, number>();
  for (let position = 0; position < ids.length; position++) {
    const id = ids[position]!;
    if (!(Number.isInteger(id) && id >= 0 && id < ID_LIMIT)) {
      throw new SynfireError("bad-node", `Node ids are integers from 0 to 2^32 - 1, not ${id}.`);
    }
    if (positions.has(id))
      throw new SynfireError("bad-node", `The node ${id} occurs twice in a list of nodes.`);
    positions.set(id, position);
  }
  const list = Float64Array.from(ids);
  return {
    length: list.length,
    id: (position) => list[position]!,
    position: (id) => positions.get(id) ?? -1,
  };
}
