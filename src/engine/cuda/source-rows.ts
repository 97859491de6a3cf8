/**
 * Which rows a table has: one for each source in some blocks at some places, block by block. So what the neurons of a block send lies together in
 * memory, and blocks that read messages in the same order look at the same pages: a multiprocessor knows the addresses of few at a time.
 */

import type { RankLayout } from "./layout.js";

export class SourceRows {
  readonly #allBlocks: number;
  readonly #processBlocks: number;
  readonly #firstBlock: number;
  readonly #blocks: number;
  /** rows of a block, of neighbouring places from the first on */
  readonly places: number;
  readonly firstPlace: number;
  /** the row of a source is block * places + place - origin */
  readonly origin: number;
  /** all sources are among these indices; whoever else is, and is of a process that has sources here, has a row, too, without synapses */
  readonly first: number;
  readonly end: number;
  /** of each process that has any, the same, counted among those of the process */
  readonly #ofProcess = new Map<number, { first: number; end: number }>();

  /** @param lists - indices of sources; of neighbours the first and the last are enough */
  constructor(
    { allBlocks, processBlocks }: Pick<RankLayout, "allBlocks" | "processBlocks">,
    lists: readonly Iterable<number>[],
  ) {
    let [first, end, firstBlock, endBlock] = [Number.POSITIVE_INFINITY, 0, allBlocks, 0];
    for (const list of lists)
      for (const index of list) {
        first = Math.min(first, index);
        end = Math.max(end, index + 1);
        firstBlock = Math.min(firstBlock, index % allBlocks);
        endBlock = Math.max(endBlock, (index % allBlocks) + 1);
        const process = Math.floor((index % allBlocks) / processBlocks);
        const own = Math.floor(index / allBlocks) * processBlocks + (index % processBlocks);
        const range = this.#ofProcess.get(process);
        if (!range) this.#ofProcess.set(process, { first: own, end: own + 1 });
        else if (own < range.first) range.first = own;
        else if (own >= range.end) range.end = own + 1;
      }
    if (end === 0) [first, firstBlock] = [0, 0];
    // from one place to another, blocks before the first and behind the last come between
    else if (Math.floor(first / allBlocks) !== Math.floor((end - 1) / allBlocks)) {
      firstBlock -= firstBlock % processBlocks;
      endBlock = Math.ceil(endBlock / processBlocks) * processBlocks;
    }
    this.#allBlocks = allBlocks;
    this.#processBlocks = processBlocks;
    [this.first, this.end, this.#firstBlock, this.#blocks] = [first, end, firstBlock, endBlock - firstBlock];
    this.firstPlace = Math.floor(first / allBlocks);
    this.places = Math.ceil(end / allBlocks) - this.firstPlace;
    this.origin = firstBlock * this.places + this.firstPlace;
  }

  get count(): number {
    return this.#blocks * this.places;
  }

  /** Where all sources of a process are, place by place in its own blocks; empty if there are none. */
  rangeOf(process: number): { readonly first: number; readonly end: number } {
    return this.#ofProcess.get(process) ?? { first: 0, end: 0 };
  }

  /** the rows of some processes, and of those between them */
  ofProcesses(processes: readonly number[]): { readonly first: number; readonly end: number } {
    const rowOf = (process: number) => (process * this.#processBlocks - this.#firstBlock) * this.places;
    return {
      first: Math.max(0, rowOf(Math.min(...processes))),
      end: Math.min(this.count, rowOf(Math.max(...processes) + 1)),
    };
  }

  /** Those of some blocks that have sources, each with its first row. */
  blocksIn(firstBlock: number, endBlock: number) {
    const from = Math.max(firstBlock, this.#firstBlock);
    const end = Math.min(endBlock, this.#firstBlock + this.#blocks);
    return Array.from({ length: Math.max(0, end - from) }, (_, k) => ({
      block: from + k,
      firstRow: (from + k - this.#firstBlock) * this.places,
    }));
  }

  /** index of the source that a row is of */
  source(row: number): number {
    const place = this.firstPlace + (row % this.places);
    return place * this.#allBlocks + this.#firstBlock + Math.floor(row / this.places);
  }
}
