/** Reads the traces that were made with NEST: test/data/nest/README.md describes them. */

import { readFileSync } from "node:fs";

export interface SpikeInput {
  readonly name: string;
  readonly spike_times: readonly number[];
  readonly weight: number;
  readonly delay: number;
  readonly receptor_type?: number;
}

export interface Protocol {
  readonly model: string;
  readonly variant: string;
  readonly protocol: string;
  readonly parameters: Readonly<Record<string, number | boolean | readonly number[]>>;
  readonly stimulus: { readonly I_e?: number; readonly spike_inputs?: readonly SpikeInput[] };
  readonly traces: ReadonlyMap<string, Float64Array>;
  readonly spikeTimes: readonly number[];
}

interface File {
  readonly variants: Record<
    string,
    {
      readonly params_set: Protocol["parameters"];
      readonly protocols: Record<
        string,
        {
          readonly stimulus: Protocol["stimulus"];
          readonly traces: Record<string, Series>;
          readonly spike_times: readonly number[];
        }
      >;
    }
  >;
}

type Series = { readonly f64le_b64: string } | { readonly const: number; readonly n: number };

function decode(series: Series): Float64Array {
  if ("const" in series) return new Float64Array(series.n).fill(series.const);
  const bytes = Buffer.from(series.f64le_b64, "base64");
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
}

/** All protocols of all variants of a model. */
export function nestProtocols(model: string): Protocol[] {
  const file = new URL(`../data/nest/${model}.json`, import.meta.url);
  const data: File = JSON.parse(readFileSync(file, "utf8"));
  const out: Protocol[] = [];
  for (const [variant, { params_set, protocols }] of Object.entries(data.variants)) {
    for (const [protocol, p] of Object.entries(protocols)) {
      out.push({
        model,
        variant,
        protocol,
        parameters: params_set,
        stimulus: p.stimulus,
        traces: new Map(Object.entries(p.traces).map(([name, series]) => [name, decode(series)])),
        spikeTimes: p.spike_times,
      });
    }
  }
  return out;
}
