/** From connect() to a projection: receptors, weights and delays of a synapse specification. */

import type { NeuronProgram } from "../compiler/program.js";
import type { ConnectionPlan } from "../connectivity/index.js";
import type { ReceptorChoice, SynapseValue } from "../engine/network.js";
import { SynfireError, unknownName } from "../errors.js";
import { compileDistribution, type Distribution, isDistribution } from "../random/index.js";
import { isArrayLike } from "./status.js";

/** How synapses are: weight in the unit of the receptor (pA, nS, mV), delay in ms. */
export interface SynapseSpec {
  readonly synapse_model?: "static_synapse";
  /** default 1 */
  readonly weight?: number | ArrayLike<number> | Distribution;
  /** ms; default 1 */
  readonly delay?: number | ArrayLike<number> | Distribution;
  /** name or index (from 0) of the target's receptor; default: by the sign of the weight, or the first */
  readonly receptor?: string | number;
}

const KEYS = ["synapse_model", "weight", "delay", "receptor"];
const SYNAPSE_MODELS = ["static_synapse"];

/** @throws SynfireError "bad-synapse" */
export function checkSynapseSpec(spec: SynapseSpec): void {
  if (typeof spec !== "object" || spec === null)
    throw new SynfireError(
      "bad-synapse",
      "A synapse specification is an object such as { weight: 1, delay: 1.5 }.",
    );
  for (const key of Object.keys(spec)) {
    if (!KEYS.includes(key)) throw unknownName("bad-synapse", "key of a synapse specification", key, KEYS);
  }
  if (spec.synapse_model !== undefined && !SYNAPSE_MODELS.includes(spec.synapse_model)) {
    throw unknownName("unknown-model", "synapse model", spec.synapse_model, SYNAPSE_MODELS);
  }
}

/**
 * Recorders watch all of their nodes, without synapses.
 * @throws SynfireError "bad-connection" for a rule other than all_to_all, and for weights and delays
 */
export function checkRecorderConnection(rule: unknown, synapse: SynapseSpec, recorder: string): void {
  const name = typeof rule === "object" && rule !== null ? (rule as { rule?: unknown }).rule : rule;
  if (name !== "all_to_all") {
    throw new SynfireError(
      "bad-connection",
      `A ${recorder} is connected by all_to_all, not by ${String(name)}.`,
      "rule",
    );
  }
  const [key] = Object.keys(synapse);
  if (key !== undefined)
    throw new SynfireError(
      "bad-connection",
      `A ${recorder} has no synapses: ${key} means nothing here.`,
      key,
    );
}

/** @throws SynfireError "bad-weight" or "bad-delay" */
export function synapseValueOf(
  key: "weight" | "delay",
  value: SynapseSpec["weight"],
  plan: ConnectionPlan,
  resolution: number,
): SynapseValue {
  const code = `bad-${key}`;
  const checked = (x: unknown): number => {
    if (typeof x !== "number" || !Number.isFinite(x))
      throw new SynfireError(code, `${key} must be a finite number, not ${String(x)}.`, key);
    if (key === "delay" && Math.floor(x / resolution + 0.5) < 1) {
      throw new SynfireError(
        code,
        `delay must be at least the resolution (${resolution} ms), not ${x} ms.`,
        key,
      );
    }
    return x;
  };
  const given = value ?? 1;
  if (typeof given === "number") return { kind: "constant", value: checked(given) };
  if (isDistribution(given)) {
    const sampler = compileDistribution(given);
    if (key === "delay" && Math.floor(sampler.low / resolution + 0.5) < 1) {
      throw new SynfireError(
        code,
        `delay: this distribution reaches ${sampler.low} ms, but every delay must be at least the resolution (${resolution} ms); use a clipped one with low: ${resolution}.`,
        key,
      );
    }
    return { kind: "distribution", sampler };
  }
  if (!isArrayLike(given))
    throw new SynfireError(code, `${key} is a number, an array or a distribution.`, key);
  if (plan.arrayLength === undefined)
    throw new SynfireError(code, `${key}: the rule ${plan.kind} takes no arrays.`, key);
  if (given.length !== plan.arrayLength) {
    throw new SynfireError(
      code,
      `${key} has ${given.length} values, the rule ${plan.kind} makes ${plan.arrayLength} synapses.`,
      key,
    );
  }
  return { kind: "array", values: Float64Array.from(given as ArrayLike<number>, checked) };
}

/** Names that a model's receptors can be given by. */
function receptorNames(program: NeuronProgram): string[] {
  return program.receptors.map((r) => r.name);
}

/**
 * Which receptors weights go to.
 * @throws SynfireError "bad-receptor" for a receptor that the model lacks; "bad-weight" for a sign that it forbids
 */
export function receptorChoice(
  model: string,
  program: NeuronProgram,
  receptor: SynapseSpec["receptor"],
  low: number,
  high: number,
): ReceptorChoice {
  const { receptors } = program;
  if (receptors.length === 0)
    throw new SynfireError("bad-receptor", `${model} has no receptor for spikes.`, "receptor");
  let index: number;
  if (receptor === undefined) {
    const [first, second] = receptors;
    if (receptors.length === 2 && first!.sign === "positive" && second!.sign === "negative" && !first!.counts)
      return { positive: 0, negative: 1, mode: "magnitude" };
    index = 0;
  } else if (typeof receptor === "number") {
    if (!Number.isInteger(receptor) || receptor < 0 || receptor >= receptors.length) {
      throw new SynfireError(
        "bad-receptor",
        `${model} has no receptor ${receptor}; its receptors are ${receptorNames(program)
          .map((n, i) => `${i} (${n})`)
          .join(", ")}.`,
        "receptor",
      );
    }
    index = receptor;
  } else {
    index = receptors.findIndex(
      (r) => r.name === receptor || (r.element === undefined && r.base === receptor),
    );
    if (index < 0)
      throw unknownName("bad-receptor", `receptor of ${model}`, receptor, receptorNames(program));
  }
  const port = receptors[index]!;
  if (port.counts) return { positive: index, negative: index, mode: "count" };
  if (port.sign === "positive" && low < 0)
    throw new SynfireError(
      "bad-weight",
      `weight: receptor ${port.name} of ${model} takes weights >= 0 only; the weights reach ${low}.`,
      "weight",
    );
  if (port.sign === "negative" && high > 0)
    throw new SynfireError(
      "bad-weight",
      `weight: receptor ${port.name} of ${model} takes weights <= 0 only; the weights reach ${high}.`,
      "weight",
    );
  return { positive: index, negative: index, mode: port.sign === "any" ? "signed" : "magnitude" };
}

/** Lowest and highest value. */
export function valueRange(value: SynapseValue): readonly [low: number, high: number] {
  if (value.kind === "constant") return [value.value, value.value];
  if (value.kind === "distribution") return [value.sampler.low, value.sampler.high];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of value.values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/** A plan of only some of the sources: those for which `keep` holds. */
export function filteredPlan(
  plan: ConnectionPlan,
  targets: number,
  keep: (source: number) => boolean,
): ConnectionPlan {
  let total = 0;
  plan.generate(0, targets, (source) => {
    if (keep(source)) total++;
  });
  return {
    kind: plan.kind,
    total,
    maxIndegree: plan.maxIndegree,
    indegree: (target) => plan.indegree(target),
    generate: (from, to, sink) =>
      plan.generate(from, to, (source, target, ordinal, index) => {
        if (keep(source)) sink(source, target, ordinal, index);
      }),
    arrayLength: plan.arrayLength,
  };
}
