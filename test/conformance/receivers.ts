/** Models whose input does more than raise a state: what arrives may be added late, but neither twice nor with another step's numbers. */

import { type Simulator, uniform } from "synfire";
import type { Network } from "./observe.js";

/** the last input, whatever it was, and a trace that halves in each step: adding nothing once more is not the same as not at all */
const keeper = `model keeper:
    state:
        V_m mV = -70 mV
        last pA = 300 pA
        trace pA = 40 pA

    equations:
        V_m' = -(V_m + 70 mV) / tau_m + (last + trace) / C_m

    parameters:
        C_m pF = 250 pF
        tau_m ms = 10 ms

    input:
        ex <- excitatory spike
        inh <- inhibitory spike

    output: spike

    update:
        integrate_odes()

    onReceive(ex):
        last = ex * pA * s + 420 pA

    onReceive(inh):
        trace = 0.5 * (trace + inh * pA * s + 100 pA)

    onCondition(V_m >= -55 mV):
        V_m = -70 mV
        emit_spike()
`;

/** what is added depends on the step, and on a random number of it */
const dated = keeper
  .replace("model keeper:", "model dated:")
  .replace("last = ex * pA * s + 420 pA", "last = ex * pA * s + (420 + 60 * random_uniform(0, 1)) * pA")
  .replace("+ 100 pA)", "+ (t / ms) * pA)");

const network = (model: string, text: string): Network => ({
  name: `what arrives is kept by a model: ${model}`,
  build: (sim: Simulator) => {
    sim.defineModel(text);
    const neurons = sim.create(model, 60, { V_m: uniform({ min: -70, max: -56 }) });
    const noise = sim.create("poisson_generator", 1, { rate: 4000 });
    sim.connect(noise, neurons, "all_to_all", { weight: 150, delay: 0.2 });
    sim.connect(
      neurons,
      neurons,
      { rule: "fixed_indegree", indegree: 7 },
      { weight: uniform({ min: -90, max: 90 }), delay: uniform({ min: 0.1, max: 1 }) },
    );
    return [
      sim.record(neurons),
      sim.record(neurons.slice(0, 60, 7), { variables: ["V_m", "last", "trace"] }),
    ];
  },
  run: async (sim) => {
    for (const time of [0.1, 0.1, 3, 0.2, 20.6]) await sim.simulate(time);
  },
  spikes: 60,
});

export const receivers: readonly Network[] = [network("keeper", keeper), network("dated", dated)];
