/**
 * Models in the style of what users write, for the tests of the parser, the checker and the printer.
 */

/** Integrate and fire, exponential currents, refractory timer as an equation. */
export const PSC_EXP = `
"""
Leaky integrator with exponential synaptic currents.
"""
model psc_exp:
    state:
        V_m mV = E_L    # membrane potential
        refr_t ms = 0 ms
        I_ex pA = 0 pA
        I_in pA = 0 pA

    equations:
        I_ex' = -I_ex / tau_ex
        I_in' = -I_in / tau_in
        V_m' = -(V_m - E_L) / tau_m + (I_ex - I_in + I_e + I_stim) / C_m
        refr_t' = -1e3 * ms/s  # counts down

    parameters:
        C_m pF = 250 pF [[C_m > 0 pF]]
        tau_m ms = 10 ms
        tau_ex, tau_in ms = 2 ms
        t_ref ms = 2 ms
        E_L mV = -70 mV
        V_reset mV = -70 mV
        V_th mV = -55 mV
        I_e pA = 0 pA

    input:
        ex_spikes <- excitatory spike
        in_spikes <- inhibitory spike
        I_stim pA <- continuous

    output:
        spike

    update:
        if refr_t > 0 ms:
            integrate_odes(I_ex, I_in, refr_t)
        else:
            integrate_odes(I_ex, I_in, V_m)

    onReceive(ex_spikes):
        I_ex += ex_spikes * pA * s

    onReceive(in_spikes):
        I_in += in_spikes * pA * s

    onCondition(refr_t <= 0 ms and V_m >= V_th):
        refr_t = t_ref
        V_m = V_reset
        emit_spike()
`;

/** The same with a kernel instead of equations for the current. */
export const KERNEL = `
model kernel_exp:
    state:
        V_m mV = -65 mV
        r integer = 0
    equations:
        kernel I_kernel = exp(-t / tau_syn)
        recordable inline I_syn pA = convolve(I_kernel, spikes) * pA + I_stim
        V_m' = -(V_m - E_L) / tau_m + I_syn / C_m
    parameters:
        tau_syn ms = 2 ms
        tau_m ms = 10 ms
        C_m pF = 250 pF
        E_L mV = -65 mV
        t_ref ms = 2 ms
    internals:
        ref_steps integer = steps(t_ref)
        h ms = resolution()
    input:
        spikes <- spike
        I_stim pA <- continuous
    output:
        spike
    update:
        if r > 0:
            r -= 1
        else:
            integrate_odes()
            if V_m > -50 mV:
                V_m = E_L
                r = ref_steps
                emit_spike()
`;

/** Alpha-shaped conductance as a kernel in differential form, of second order and as a coupled system. */
export const ALPHA = `
model alpha_kernels:
    state:
        V_m mV = E_L
        g_ex real = 0
        g_ex' 1/ms = e / tau_ex
        g_in real = 0
        g_in$ 1/ms = e / tau_in
    equations:
        kernel g_ex'' = -2 / tau_ex * g_ex' - g_ex / tau_ex**2
        kernel g_in' = g_in$ - g_in / tau_in,
               g_in$' = -g_in$ / tau_in
        inline I_ex pA = convolve(g_ex, spikes) * nS * (V_m - E_ex)
        inline I_in pA = nS * convolve(g_in, spikes) * (V_m - E_in)
        V_m' = (-g_L * (V_m - E_L) - I_ex - I_in) / C_m
    parameters:
        tau_ex, tau_in ms = 0.5 ms
        E_L mV = -70 mV
        E_ex mV = 0 mV
        E_in mV = -85 mV
        g_L nS = 16.6667 nS
        C_m pF = 250 pF
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()
    onCondition(V_m >= -55 mV):
        V_m = E_L
        emit_spike()
`;

/** Hodgkin and Huxley with inlines and functions. */
export const HODGKIN_HUXLEY = `
model hodgkin_huxley:
    state:
        V_m mV = -65 mV
        Act_m real = alpha_m(-65 mV) / (alpha_m(-65 mV) + beta_m(-65 mV))
        Inact_h real = 0.6
        Act_n real = 0.3
    equations:
        inline I_Na pA = g_Na * Act_m**3 * Inact_h * (V_m - E_Na)
        inline I_K pA = g_K * Act_n**4 * (V_m - E_K)
        inline I_L pA = g_L * (V_m - E_L)
        inline alpha_n_V 1/ms = 0.01 / (ms * mV) * (V_m + 55 mV) / (1 - exp(-(V_m + 55 mV) / (10 mV)))
        V_m' = (-I_Na - I_K - I_L + I_stim) / C_m
        Act_m' = alpha_m(V_m) * (1 - Act_m) - beta_m(V_m) * Act_m
        Inact_h' = 0.07 / ms * exp(-(V_m + 65 mV) / (20 mV)) * (1 - Inact_h) - Inact_h / (1 + exp(-(V_m / mV + 35) / 10)) / ms
        Act_n' = alpha_n_V * (1 - Act_n) - 0.125 / ms * exp(-(V_m + 65 mV) / (80 mV)) * Act_n
    parameters:
        C_m pF = 100 pF
        g_Na nS = 12000 nS
        g_K nS = 3600 nS
        g_L nS = 30 nS
        E_Na mV = 50 mV
        E_K mV = -77 mV
        E_L mV = -54.4 mV
    input:
        I_stim pA <- continuous
    output: spike
    function alpha_m(V mV) 1/ms:
        return 0.1 / (ms * mV) * (V + 40 mV) / (1 - exp(-(V + 40 mV) / (10 mV)))
    function beta_m(V mV) 1/ms:
        return 4 / ms * exp(-(V + 65 mV) / (18 mV))
    update:
        V_old mV = V_m
        integrate_odes()
        if V_old < 0 mV and V_m >= 0 mV:
            emit_spike()
`;

/** Adaptive exponential integrate and fire. */
export const ADEX = `
model adex:
    state:
        V_m mV = E_L
        w pA = 0 pA
        g_ex nS = 0 nS
    equations:
        inline V_bounded mV = min(V_m, V_peak)
        inline I_spike pA = Delta_T == 0 mV ? 0 pA : g_L * Delta_T * exp((V_bounded - V_th) / Delta_T)
        V_m' = (-g_L * (V_bounded - E_L) + I_spike - g_ex * V_bounded - w + I_e) / C_m
        w' = (a * (V_bounded - E_L) - w) / tau_w
        g_ex' = -g_ex / tau_ex
    parameters:
        C_m pF = 281 pF
        g_L nS = 30 nS
        E_L mV = -70.6 mV
        V_th mV = -50.4 mV
        V_peak mV = 0 mV
        Delta_T mV = 2 mV
        a nS = 4 nS
        b pA = 80.5 pA
        tau_w ms = 144 ms
        tau_ex ms = 0.2 ms
        I_e pA = 0 pA
    input:
        spikes <- excitatory spike
    output:
        spike
    update:
        integrate_odes()
    onReceive(spikes):
        g_ex += spikes * nS * s
    onCondition(V_m >= V_peak):
        V_m = -60 mV
        w += b
        emit_spike()
`;

/** Izhikevich's neuron. */
export const IZHIKEVICH = `
model izhikevich_like:
    state:
        V_m mV = -65 mV
        U_m real = b * V_m / mV
    equations:
        V_m' = (0.04 * V_m * V_m / mV + 5.0 * V_m + (140 - U_m) * mV + I_e / pA * mV) / ms
        U_m' = a * (b * V_m / mV - U_m) / ms
    parameters:
        a real = 0.02
        b real = 0.2
        c mV = -65 mV
        d real = 8.0
        I_e pA = 0 pA
        V_min mV = -inf * mV
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()
        V_m = max(V_m, V_min)
    onReceive(spikes):
        V_m += spikes * mV * s
    onCondition(V_m >= 30 mV):
        V_m = c
        U_m += d
        emit_spike()
`;

/** Pair-based plasticity with traces. */
export const STDP = `
model stdp:
    state:
        w real = 1 [[w >= 0]]
        pre_trace real = 0
        post_trace real = 0
    parameters:
        d ms = 1 ms
        lambda real = 0.01
        alpha real = 1
        tau_pre, tau_post ms = 20 ms @homogeneous
        W_max real = 100
        W_min real = 0
        mu real = 1
    equations:
        pre_trace' = -pre_trace / tau_pre
        post_trace' = -post_trace / tau_post
    input:
        pre_spikes <- spike
        post_spikes <- spike
    output:
        spike(weight real, delay ms)
    onReceive(post_spikes, priority=1):
        post_trace += 1
        w_new real = W_max * (w / W_max + lambda * (1 - w / W_max)**mu * pre_trace)
        w = min(W_max, w_new)
    onReceive(pre_spikes, priority=2):
        pre_trace += 1
        w_new real = W_max * (w / W_max - alpha * lambda * (w / W_max)**mu * post_trace)
        w = max(W_min, w_new)
        emit_spike(w, d)
    update:
        integrate_odes()
`;

/** Plasticity gated by a third factor. */
export const NEUROMODULATED = `
model neuromodulated:
    state:
        w real = 1
        dopamine real = 0
        eligibility real = 0
        pre_trace real = 0
    parameters:
        delay ms = 1 ms
        tau_n ms = 200 ms
        tau_c ms = 1 s
        tau_pre ms = 20 ms
        A_plus real = 1
        base real = 0
    equations:
        dopamine' = -dopamine / tau_n
        eligibility' = -eligibility / tau_c
        pre_trace' = -pre_trace / tau_pre
    input:
        pre_spikes <- spike
        post_spikes <- spike
        mod_spikes <- spike
        V_post mV <- continuous
    output: spike(weight real, delay ms)
    onReceive(mod_spikes):
        dopamine += mod_spikes * s / (tau_n / ms)
    onReceive(post_spikes):
        eligibility += A_plus * pre_trace
    onReceive(pre_spikes):
        pre_trace += 1
        emit_spike(w, delay)
    update:
        if V_post > -60 mV:
            w += eligibility * (dopamine - base) * resolution() / ms
        integrate_odes()
`;

/** Synfire's extensions: vectors, arrays of ports, lists of values, sums, multiplicities. */
export const VECTORS = `
model receptors:
    state:
        V_m mV = E_L
        g[n] nS = 0 nS
        history[3] real = [0, 0.5, 1]
        k integer = 0
    parameters:
        n integer = 2
        E_rev[n] mV = [0 mV, -85 mV]
        tau_syn[n] ms = 2 ms
        E_L mV = -70 mV
        C_m pF = 250 pF
        g_L nS = 10 nS
    equations:
        inline I_syn pA = sum(g * (E_rev - V_m))
        g' = -g / tau_syn
        V_m' = (g_L * (E_L - V_m) + I_syn) / C_m  @synfire::substep
    input:
        spikes[n] <- spike
        more <- spike(multiplicity integer)
    output:
        spike(multiplicity integer)
    update:
        integrate_odes()
        for k in 0 ... 3:
            history[k] += 0.5
        while k < 5: k += 1
    onReceive(spikes):
        g += spikes * nS * s
    onReceive(more):
        k += more.multiplicity
    onCondition(V_m > -50 mV):
        V_m = E_L
        emit_spike(k)
`;

/** All of them, by name. */
export const MODELS: Readonly<Record<string, string>> = {
  PSC_EXP,
  KERNEL,
  ALPHA,
  HODGKIN_HUXLEY,
  ADEX,
  IZHIKEVICH,
  STDP,
  NEUROMODULATED,
  VECTORS,
};
