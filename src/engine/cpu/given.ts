/** Synapses whose sources no kernel can draw: the host generates them, part by part, and the kernels encode and sort them. */

import type { Network } from "../network.js";
import { runsOf } from "../runs.js";
import type { PlannedBlock } from "./blocks.js";
import { BuildWord, type Recipe, recipeKey } from "./kernels/build.js";
import type { TileShape } from "./partition.js";
import { STAGED } from "./plan.js";

export class GivenSynapses {
  readonly #network: Network;
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Record<string, (...args: number[]) => void>;
  readonly #recipes: readonly Recipe[];

  constructor(
    network: Network,
    memory: WebAssembly.Memory,
    module: WebAssembly.Module,
    recipes: readonly Recipe[],
  ) {
    this.#network = network;
    this.#memory = memory;
    this.#recipes = recipes;
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<
      string,
      (...args: number[]) => void
    >;
  }

  /** builds the blocks that the host generates; those of several tiles may share their pointers */
  build(tiles: readonly TileShape[], blocks: readonly (readonly PlannedBlock[])[], staging: number): void {
    const groups = new Map<number, { tile: TileShape; block: PlannedBlock }[]>();
    blocks.forEach((own, i) => {
      for (const block of own) {
        if (block.recipe.sources !== "given") continue;
        const member = { tile: tiles[i]!, block };
        const group = groups.get(block.pointers);
        if (group) group.push(member);
        else groups.set(block.pointers, [member]);
      }
    });
    for (const [pointers, members] of groups) {
      const pass = (name: string) => {
        for (const { tile, block } of members) {
          const k = this.#recipes.findIndex((r) => recipeKey(r) === recipeKey(block.recipe));
          this.#pass(tile, block, staging, `${name}_${k}`);
        }
      };
      pass("count");
      this.#exports.prefix!(pointers, members[0]!.block.sourceCount);
      pass("fill");
    }
  }

  #pass(tile: TileShape, b: PlannedBlock, staging: number, kernel: string): void {
    const p = this.#network.projections[b.projection]!;
    const buffer = this.#memory.buffer;
    const at = (bytes: number) => staging + STAGED * bytes;
    const sources = new Uint32Array(buffer, at(16), STAGED);
    const targets = new Uint32Array(buffer, at(20), STAGED);
    const ordinals = new Uint32Array(buffer, at(24), STAGED);
    const weights = new Float64Array(buffer, at(0), STAGED);
    const delays = new Float64Array(buffer, at(8), STAGED);
    const words = new Uint32Array(buffer, b.jobs[0]!.address, BuildWord.words);
    words[BuildWord.weightList] = at(0);
    words[BuildWord.delayList] = at(8);
    words[BuildWord.sourceList] = at(16);
    words[BuildWord.targetList] = at(20);
    words[BuildWord.ordinalList] = at(24);
    const first = this.#network.populations[tile.population]!.first + tile.from;
    const weightArray = p.weight.kind === "array" ? p.weight.values : undefined;
    const delayArray = p.delay.kind === "array" ? p.delay.values : undefined;
    let n = 0;
    const flush = () => {
      if (n === 0) return;
      words[BuildWord.count] = n;
      this.#exports[kernel]!(b.jobs[0]!.address);
      n = 0;
    };
    for (const run of runsOf(p.endpoints.targets)) {
      const from = Math.max(run.first, first);
      const to = Math.min(run.first + run.length, first + tile.size);
      if (from >= to) continue;
      const shift = run.first - run.position - first;
      p.plan.generate(
        run.position + from - run.first,
        run.position + to - run.first,
        (source, target, ordinal, index) => {
          sources[n] = source;
          targets[n] = target + shift;
          ordinals[n] = ordinal;
          if (weightArray) weights[n] = weightArray[index]!;
          if (delayArray) delays[n] = delayArray[index]!;
          if (++n === STAGED) flush();
        },
      );
    }
    flush();
  }
}
