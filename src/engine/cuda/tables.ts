/**
 * Which synapses are stored together, and how: the parts of projections that go to the same receptor in the same unit share a
 * table, so that a spike is looked up once for all of them.
 */

import { type Calibration, fixedWeight, receptorOf, type SynapseCounts } from "../calibration.js";
import type { Network, Projection } from "../network.js";
import { FORMAT_BYTES, Format } from "./structs.js";

/** Synapses of one projection that are treated alike. */
export interface Part {
  readonly projection: number;
  /** populations whose neurons are targets */
  readonly populations: readonly number[];
  readonly receptor: number;
  readonly wide: boolean;
  /** only weights of this sign belong to the part */
  readonly splits: boolean;
  readonly sign: number;
  /** weights differ and are stored: rounded to whole multiples of 1 / perUnit of their magnitude times `magnitude` */
  readonly storesWeight: boolean;
  readonly quantised: boolean;
  readonly magnitude: number;
  readonly perUnit: number;
  /** log2 of the unit of quantised weights, in units of the ring */
  readonly unit: number;
  /** largest stored magnitude of quantised weights */
  readonly largest: number;
  /** the weight of all, in units of the ring */
  readonly fixed: number;
  readonly minDelay: number;
  readonly maxDelay: number;
  /** at most, over all devices */
  readonly synapses: number;
}

export interface TablePlan {
  readonly format: number;
  readonly receptor: number;
  readonly wide: boolean;
  /** what stored weights are multiplied with, or the weight of all */
  readonly weight: number;
  readonly firstDelay: number;
  /** by part: what a rounded weight is multiplied with before it is stored */
  readonly parts: readonly { readonly part: Part; readonly post: number }[];
}

const bits = (n: number): number => Math.ceil(Math.log2(Math.max(1, n)));

function partsOf(
  network: Network,
  calibration: Calibration,
  wide: readonly boolean[],
  counts: (p: Projection) => SynapseCounts,
): Part[] {
  const parts: Part[] = [];
  network.projections.forEach((p, projection) => {
    const { total } = counts(p);
    if (total === 0) return;
    const c = calibration.projections.get(p)!;
    const alike = new Map<string, Part & { populations: number[] }>();
    for (const [population, choice] of p.receptors) {
      const splits = choice.positive !== choice.negative && c.weightLow < 0 && c.weightHigh >= 0;
      const own = c.weightHigh < 0 || (c.weightHigh === 0 && c.weightLow < 0) ? -1 : 1;
      for (const sign of splits ? [1, -1] : [own]) {
        const receptor = sign < 0 ? choice.negative : choice.positive;
        const ring = calibration.rings[population]![receptor]!;
        const constant = p.weight.kind === "constant" || choice.mode === "count";
        const quantised = c.layout === "packed" && !constant;
        const value = constant
          ? receptorOf(choice, p.weight.kind === "constant" ? p.weight.value * p.factor : 1).value
          : 0;
        const perUnit = 2 ** -(quantised ? c.quantum : ring.exponent);
        const part = {
          projection,
          receptor,
          wide: wide[receptor]!,
          splits,
          sign,
          storesWeight: !constant,
          quantised,
          magnitude: choice.mode === "magnitude" && sign < 0 && !constant ? -1 : 1,
          perUnit,
          unit: quantised ? c.quantum - ring.exponent : 0,
          largest: quantised
            ? Math.floor(Math.max(Math.abs(c.weightLow), Math.abs(c.weightHigh)) * perUnit + 0.5)
            : 0,
          fixed: constant ? fixedWeight(value, { ...c, layout: "constant" }, p, ring) : 0,
          minDelay: c.minDelay,
          maxDelay: c.maxDelay,
          synapses: total,
        };
        const key = JSON.stringify(part);
        const known = alike.get(key);
        if (known) known.populations.push(population);
        else alike.set(key, { ...part, populations: [population] });
      }
    }
    parts.push(...alike.values());
  });
  return parts;
}

/** Do delays and targets fit into 16 bits beside each other? */
const fits = (parts: readonly Part[], localBits: number): boolean =>
  localBits +
    bits(Math.max(...parts.map((p) => p.maxDelay)) - Math.min(...parts.map((p) => p.minDelay)) + 1) <=
  16;

/** Whether the signed value of a part's weights is negative. */
const negative = (p: Part): boolean => p.sign * p.magnitude < 0;

export function planTables(
  network: Network,
  calibration: Calibration,
  wide: readonly boolean[],
  localBits: number,
  counts: (p: Projection) => SynapseCounts,
): TablePlan[] {
  const groups = new Map<string, Part[]>();
  const add = (key: string, part: Part) => {
    const group = groups.get(key);
    if (group) group.push(part);
    else groups.set(key, [part]);
  };
  for (const p of partsOf(network, calibration, wide, counts)) {
    if (!p.storesWeight) add(`place ${p.receptor} ${p.fixed} ${fits([p], localBits)}`, p);
    else if (p.quantised && fits([p], localBits)) add(`packed ${p.receptor} ${negative(p)}`, p);
    else add(`wide ${p.receptor}`, p);
  }
  const tables: TablePlan[] = [];
  for (const [key, parts] of groups) {
    const [first] = parts as [Part, ...Part[]];
    const base = { receptor: first.receptor, wide: first.wide };
    const delay = (list: readonly Part[]) => ({ firstDelay: Math.min(...list.map((p) => p.minDelay)) });
    if (key.startsWith("place")) {
      // parts that fit one by one may not fit together
      const together = fits(parts, localBits) || !fits([first], localBits);
      for (const list of together ? [parts] : parts.map((p) => [p]))
        tables.push({
          ...base,
          ...delay(list),
          format: fits(list, localBits) ? Format.place16 : Format.place32,
          weight: first.fixed,
          parts: list.map((part) => ({ part, post: 0 })),
        });
    } else if (key.startsWith("packed")) {
      for (const list of packable(parts, localBits)) {
        const unit = Math.min(...list.map((p) => p.unit));
        tables.push({
          ...base,
          ...delay(list),
          format: Format.packed,
          weight: (negative(list[0]!) ? -1 : 1) * 2 ** unit,
          parts: list.map((part) => ({ part, post: 2 ** (part.unit - unit) })),
        });
      }
    } else
      tables.push({
        ...base,
        ...delay(parts),
        format: first.wide ? Format.wide64 : Format.wide32,
        weight: 1,
        parts: parts.map((part) => ({ part, post: 2 ** part.unit })),
      });
  }
  return tables;
}

/** Parts whose weights fit into 16 bits in the finest of their units, and whose delays fit beside the targets. */
function packable(parts: readonly Part[], localBits: number): Part[][] {
  const lists: Part[][] = [];
  for (const p of [...parts].sort((a, b) => a.unit - b.unit)) {
    const list = lists.find(
      (l) => p.largest * 2 ** (p.unit - l[0]!.unit) <= 65535 && fits([...l, p], localBits),
    );
    if (list) list.push(p);
    else lists.push([p]);
  }
  return lists;
}

/** Bytes of the synapses of all tables, at most. */
export const dataBytes = (tables: readonly TablePlan[]): number =>
  tables.reduce(
    (n, t) => n + t.parts.reduce((m, { part }) => m + part.synapses * FORMAT_BYTES[t.format]!, 0),
    0,
  );
