/**
 * Samples with a name: what histograms, violins and distribution lines are made of.
 */
import { quantiles } from "../analysis/quantiles.js";
import { bad, finiteValues, nonEmpty } from "./check.js";
import { formatNumber } from "./text.js";
import { colorOf } from "./theme.js";
import type { Table } from "./types.js";

/** A sample. Values that are not finite (the CV of a neuron without intervals, say) are left out and counted in the caption. */
export interface Sample {
  readonly name: string;
  readonly values: ArrayLike<number>;
  /** `#rrggbb`; default: the theme's colour for this name or position */
  readonly color?: string;
}

/** A sample that has been checked: finite values only, at least one. */
export interface CheckedSample {
  readonly name: string;
  readonly color: string;
  readonly values: Float64Array;
  /** values that were not finite */
  readonly dropped: number;
}

/** Checks samples; one bare array becomes a sample without a name. */
export function checkSamples(
  key: string,
  samples: ArrayLike<number> | readonly Sample[],
): readonly CheckedSample[] {
  const bare =
    typeof samples === "object" && samples !== null && samples.length > 0 && typeof samples[0] !== "object";
  const list = bare ? [{ name: "", values: samples as ArrayLike<number> }] : (samples as readonly Sample[]);
  return nonEmpty(key, list).map((sample, k) => {
    const { values, dropped } = finiteValues("values", sample.values);
    if (values.length === 0) bad("values", `of "${sample.name}" must hold at least one finite number`);
    return { name: sample.name, color: colorOf(sample, k), values, dropped };
  });
}

/** Says how many values were left out, if any were. */
export function droppedRemark(samples: readonly CheckedSample[]): string {
  const dropped = samples.reduce((sum, sample) => sum + sample.dropped, 0);
  if (dropped === 0) return "";
  return dropped === 1
    ? "One value that is not finite is left out."
    : `${formatNumber(dropped)} values that are not finite are left out.`;
}

/** Size and quartiles of every sample. */
export function summaryTable(
  title: string,
  samples: readonly { name: string; values: Float64Array }[],
): Table {
  return {
    title,
    columns: ["", "n", "smallest", "lower quartile", "median", "upper quartile", "largest", "mean"],
    rows: samples.map(({ name, values }) => [
      name === "" ? "all" : name,
      values.length,
      ...Array.from(quantiles(values, [0, 0.25, 0.5, 0.75, 1]), (q) => formatNumber(q)),
      formatNumber(values.reduce((sum, value) => sum + value, 0) / values.length),
    ]),
  };
}

/** Smallest and largest value of all samples. */
export function extentOf(
  samples: readonly { readonly values: ArrayLike<number> }[],
): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of samples) {
    for (let k = 0; k < values.length; k++) {
      if (values[k] < low) low = values[k];
      if (values[k] > high) high = values[k];
    }
  }
  return [low, high];
}
