/** An update in two parts, and for engines that run upstrokes aside: bit for bit what the whole does. */

import { describe, expect, it } from "vitest";
import { type IrFunction, validateIr } from "../../src/compiler/ir.js";
import { compileNeuron } from "../../src/compiler/neuron.js";
import { compileJs } from "../../src/compiler/print-js.js";
import type { NeuronProgram } from "../../src/compiler/program.js";
import { ModelLibrary } from "../../src/simulator/model-library.js";

const library = new ModelLibrary();

function program(name: string, real: "f32" | "f64"): NeuronProgram {
  const sizes = Object.fromEntries(library.sizes(name).map((s) => [s.name, 2]));
  return compileNeuron(library.model(name), { real, resolution: 0.1, sizes });
}

/** runs functions one after the other on the same variables, by the place of an input */
function stepOf(p: NeuronProgram, ...parts: readonly IrFunction[]) {
  const compiled = parts.map((fn) => ({ fn, run: compileJs(fn) as unknown as Run }));
  return (
    values: number[],
  ): { readonly values: number[]; readonly emitted: number; readonly steep: number } => {
    let [emitted, steep] = [0, 0];
    for (const { fn, run } of compiled) {
      const out = run(...values);
      const results: readonly number[] = fn.outputs.length === 1 ? [out as number] : (out as number[]);
      fn.outputs.forEach((variable, k) => {
        const place = fn.inputs.findIndex((i) => i.variable.id === variable.id);
        if (place >= 0) values[place] = results[k]!;
        else if (variable.id === p.emitted.id) emitted = results[k]!;
        else if (variable.id === p.steep?.id) steep = results[k]!;
        else if (variable.id === p.failed.id) expect(results[k]).toBe(0);
      });
    }
    return { values, emitted, steep };
  };
}
type Run = (...inputs: readonly number[]) => number | number[];

/** inputs of a neuron at its start, and what arrives in some hundred steps: strong enough to make it fire, or less */
function inputsOf(p: NeuronProgram, strength = 1) {
  const parameter = (name: string): number => (name === "I_e" ? 700 : p.defaultParameter(name, parameter));
  const constants = p.computeConstants(parameter);
  const start = p.bindings.map((b) => {
    if (b.kind === "constant") return constants[b.index]!;
    if (b.kind === "state") return p.initialState(b.index, parameter);
    return b.kind === "limit" ? 1e6 : 0;
  });
  const rounded = p.real === "f32" ? start.map(Math.fround) : start;
  const receptors = p.bindings.flatMap((b, k) => (b.kind === "receptor" ? [k] : []));
  let seed = 7;
  const next = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed / 2 ** 32;
  };
  const arrive = (values: number[]) => {
    // the first receptor excites, the second inhibits; now and then nothing arrives
    receptors.forEach((k, r) => {
      values[k] = next() < 0.3 ? 0 : Math.fround(strength * (r === 0 ? 12 : 1) * next());
    });
  };
  return { start: rounded, arrive };
}

interface Side {
  readonly program: NeuronProgram;
  readonly parts: readonly IrFunction[];
}

/** @returns spikes */
function compare(one: Side, other: Side): number {
  const sides = [one, other].map(({ program: p, parts }) => ({
    ...inputsOf(p),
    step: stepOf(p, ...parts),
  }));
  let spikes = 0;
  for (let step = 0; step < 600; step++) {
    const [x, y] = sides.map((side) => {
      side.arrive(side.start);
      return side.step(side.start);
    });
    expect(y!.values, `step ${step}`).toEqual(x!.values);
    expect(y!.emitted).toBe(x!.emitted);
    spikes += x!.emitted;
  }
  return spikes;
}

const precisions = ["f32", "f64"] as const;
const adaptive = ["aeif_cond_alpha", "aeif_cond_beta", "aeif_cond_beta_multisynapse"];
const split = [...adaptive, "iaf_cond_alpha", "iaf_cond_exp", "iaf_psc_alpha", "iaf_psc_exp"];
const whole = ["iaf_psc_delta", "izhikevich", "parrot_neuron"];

describe.each(precisions)("%s", (real) => {
  it.each(split)("%s: the rest, and what receives, are the whole", (name) => {
    const p = program(name, real);
    const { rest, receive } = p.splitUpdate()!;
    validateIr(rest);
    validateIr(receive);
    const states = p.update.inputs.filter((_, k) => p.bindings[k]!.kind === "state").map((i) => i.variable);
    expect(states).toEqual(expect.arrayContaining([...receive.outputs]));
    const whole = { program: p, parts: [p.update] };
    expect(compare(whole, { program: p, parts: [rest, receive] })).toBeGreaterThan(2);
  });

  it.each(whole)("%s: more depends on what arrives than what the next step begins with", (name) => {
    expect(program(name, real).splitUpdate()).toBeUndefined();
  });

  it.each(adaptive)("%s: upstrokes in a loop", (name) => {
    const p = program(name, real);
    const rolled = p.rolled();
    expect(rolled.bindings).toEqual(p.bindings);
    expect(rolled.constants.map((c) => c.name)).toEqual(p.constants.map((c) => c.name));
    expect(p.rolled()).toBe(rolled);
    const written = { program: p, parts: [p.update] };
    expect(compare(written, { program: rolled, parts: [rolled.update] })).toBeGreaterThan(2);
  });

  // if the last round of a step was one of an upstroke, so was the first, unless the neuron fired or is driven hard
  it.each(adaptive)("%s: a step tells whether the next one begins with an upstroke", (name) => {
    const p = program(name, real);
    const [written, rolled] = [p, p.rolled()].map((program) => {
      const { update, steep } = program;
      const side = inputsOf(program, 0.02);
      const run = stepOf(program, { ...update, outputs: [...update.outputs, steep!] });
      return () => {
        side.arrive(side.start);
        return run(side.start);
      };
    });
    let [foreseen, begun, missed, strokes] = [false, 0, 0, 0];
    for (let step = 0, fired = true; step < 6000; step++) {
      const { emitted, steep } = written!();
      if (steep && !fired && !emitted) {
        strokes++;
        if (!foreseen) missed++;
      }
      if (!steep && foreseen && !emitted) begun++;
      foreseen = rolled!().steep === 1;
      fired = emitted > 0;
    }
    expect(strokes).toBeGreaterThan(50);
    expect(missed + begun).toBeLessThanOrEqual(strokes / 50);
  });

  it("models without an upstroke are as they are", () => {
    const p = program("iaf_cond_exp", real);
    expect(p.rolled()).toBe(p);
    expect(p.steep).toBeUndefined();
  });
});
