/**
 * Which rows a table has: one for each source in some blocks at some places, block by block. So what the neurons of a block send lies together in
 * memory, and blocks that read messages in the same order look at the same pages: a multiprocessor knows the addresses of few at a time.
 */

import type { RankLayout } from "./layout.js";

export class SourceRows {
  readonly #allBlocks: number;
  readonly #firstBlock: number;
  readonly #firstPlace: number;
  readonly #blocks: number;
  /** rows of a block */
  readonly places: number;
  /** the row of the source whose index is 0, if it had one: less than nothing wraps */
  readonly origin: number;
  /** all sources are among these indices */
  readonly first: number;
  readonly end: number;

  /** @param lists - of the indices of sources, each a list or a range with its end */
  constructor(
    { allBlocks }: Pick<RankLayout, "allBlocks">,
    lists: readonly (Iterable<number> | { first: number; end: number })[],
  ) {
    this.#allBlocks = allBlocks;
    let [first, end, firstBlock, endBlock] = [Number.POSITIVE_INFINITY, 0, allBlocks, 0];
    const add = (low: number, high: number) => {
      first = Math.min(first, low);
      end = Math.max(end, high);
      // a range that goes on in the next place has sources in the first and in the last block
      const wraps = Math.floor(low / allBlocks) !== Math.floor((high - 1) / allBlocks);
      firstBlock = Math.min(firstBlock, wraps ? 0 : low % allBlocks);
      endBlock = Math.max(endBlock, wraps ? allBlocks : ((high - 1) % allBlocks) + 1);
    };
    for (const list of lists) {
      if ("first" in list) add(list.first, list.end);
      else for (const index of list) add(index, index + 1);
    }
    if (end === 0) [first, firstBlock] = [0, 0];
    [this.first, this.end, this.#firstBlock, this.#blocks] = [first, end, firstBlock, endBlock - firstBlock];
    this.#firstPlace = Math.floor(first / allBlocks);
    this.places = Math.ceil(end / allBlocks) - this.#firstPlace;
    this.origin = (firstBlock * this.places + this.#firstPlace) >>> 0;
  }

  get count(): number {
    return this.#blocks * this.places;
  }

  /** index of the source that a row is of; some at the edges are of none */
  source(row: number): number {
    const place = this.#firstPlace + (row % this.places);
    return place * this.#allBlocks + this.#firstBlock + Math.floor(row / this.places);
  }
}
