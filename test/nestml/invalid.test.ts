/**
 * Texts with one mistake each: the mark « stands where the diagnostic must point. No mistake may be told twice.
 */

import { describe, expect, test } from "vitest";
import { brief, diagnose, inModel, unmark } from "./help.js";

type Case = readonly [code: string, about: string, blocks: string];

const SYNTAX: readonly Case[] = [
  ["syntax", "colon of a block", "state«\n    x real = 0"],
  ["syntax", "type of a declaration", "state:\n    x «= 0"],
  ["syntax", "expression", "state:\n    x real = «\n    y real = 0"],
  ["syntax", "closing parenthesis", "state:\n    x real = (1 + 2 «] * 3)"],
  ["syntax", "reserved word as a name", "state:\n    «input real = 0"],
  ["syntax", "reserved word in an expression", "state:\n    x real = 1 + «if"],
  ["syntax", "two statements on a line", "update:\n    x real = (0) «y real = 0"],
  ["syntax", "comparison as a statement", "update:\n    x «< 3"],
  ["syntax", "else without if", "update:\n    «else:\n        x real = 0"],
  ["syntax", "equation without derivative", "equations:\n    x «= 3"],
  ["syntax", "arrow of a port", "input:\n    spikes «spike"],
  ["syntax", "kind of a port", "input:\n    spikes <- «spikes"],
  ["syntax", "kind of an output", "output:\n    «spikes"],
  ["syntax", "bounds of a loop", "update:\n    for k in 0 «: 3\n        k = 0"],
  ["zero-step", "step of a loop", "update:\n    k integer = 0\n    for k in 0 ... 3 step «0: k = 0"],
  ["syntax", "step that is no literal", "update:\n    k integer = 0\n    for k in 0 ... 3 step «k: k = 0"],
  ["syntax", "branches of ? :", "state:\n    x real = true ? 1 «"],
  ["unclosed-bracket", "end of an invariant", "state:\n    x real = 1 «[[x > 0]"],
  ["syntax", "spaces in the end of an invariant", "state:\n    x real = 1 [[(x > 0) «) ]]"],
  ["syntax", "exponent of a unit", "state:\n    x mV**«y = 1"],
  ["syntax", "parameter of a function", "function f(a«) real:\n    return 1"],
  ["indentation", "deeper line", "state:\n    x real = 0\n        «y real = 0"],
  ["indentation", "line between two levels", "update:\n        x real = 0\n    «y real = 0"],
  ["empty-block", "block without lines", "state«:\nparameters:\n    a real = 1"],
  ["unknown-block", "misspelt block", "«stat:\n    x real = 0"],
  ["duplicate-block", "block given twice", "state:\n    x real = 0\n«state:\n    y real = 0"],
  ["unexpected-character", "a character without meaning", "state:\n    x real = 1 «! 2"],
  ["unterminated-string", "string", 'update:\n    print(«"abc)\n    x real = 0'],
  ["unclosed-bracket", "bracket", "state:\n    x real = «(1 + 2\nparameters:\n    a real = 0"],
  ["unknown-option", "option of a handler", "input:\n    i <- spike\nonReceive(i, «prio=1):\n    a real = 0"],
];

const NAMES: readonly Case[] = [
  ["undefined-name", "variable", "state:\n    x real = «y"],
  ["undefined-name", "target of an assignment", "update:\n    «x = 3"],
  ["undefined-name", "variable of a loop", "update:\n    for «k in 0 ... 3:\n        a real = 0"],
  ["undefined-name", "local after its block", "update:\n    if true:\n        a real = 0\n    b real = «a"],
  ["undefined-name", "local in its own value", "update:\n    a real = «a + 1"],
  ["undefined-function", "function", "state:\n    x real = «expp(1)"],
  ["undefined-function", "value in the past", "state:\n    x real = 0\nupdate:\n    x = «x(t - 1 ms)"],
  ["undefined-derivative", "derivative", "state:\n    x real = 0\nupdate:\n    x = «x'"],
  ["undefined-derivative", "initial value without equation", "state:\n    x real = 0\n    «x' 1/ms = 0"],
  ["unknown-unit", "unit of a type", "state:\n    x «mv = 0"],
  ["unknown-unit", "unit of a literal", "state:\n    x mV = 0 «mVolt"],
  ["unknown-unit", "variable after a literal", "parameters:\n    a real = 1\n    x real = 2 «a"],
  ["unknown-attribute", "attribute", "input:\n    i <- spike(weight real)\nupdate:\n    a real = «i.weigth"],
  ["duplicate-name", "state and parameter", "state:\n    «a real = 0\nparameters:\n    a real = 0"],
  ["duplicate-name", "local", "update:\n    a real = 0\n    «a real = 1"],
  ["duplicate-name", "function", "function f() real: return 1\nfunction «f() real: return 2"],
  ["duplicate-name", "parameter of a function", "function f(a real, «a real) real: return 1"],
  ["duplicate-name", "attribute", "input:\n    i <- spike(w real, «w real)"],
  [
    "duplicate-name",
    "equation",
    "state:\n    x real = 0\nequations:\n    x' = 1/ms\n    «x' = 2/ms\nupdate: integrate_odes()",
  ],
  ["reserved-name", "time", "state:\n    «t ms = 0 ms"],
  ["reserved-name", "predefined function", "function «exp(a real) real: return a"],
  ["used-before-declaration", "parameter", "parameters:\n    a real = «b\n    b real = 1"],
  ["used-before-declaration", "inline", "equations:\n    inline a real = «b\n    inline b real = 1"],
  ["not-allowed-here", "state in a parameter", "state:\n    x real = 0\nparameters:\n    a real = «x"],
  ["not-allowed-here", "time in a parameter", "parameters:\n    a ms = «t"],
  ["not-allowed-here", "port in a parameter", "parameters:\n    a pA = «i\ninput:\n    i pA <- continuous"],
  ["not-allowed-here", "random numbers in equations", "equations:\n    inline a real = «random_normal(0, 1)"],
  ["not-allowed-here", "emit_spike in a function", "output: spike\nfunction f():\n    «emit_spike()"],
  ["not-allowed-here", "convolve in update", "update:\n    a real = «convolve(1, 2)"],
  ["missing-value", "state", "state:\n    «x real"],
  ["missing-value", "parameter", "parameters:\n    «a mV"],
];

const TYPES: readonly Case[] = [
  ["unit-mismatch", "declaration", "state:\n    x mV = «3 pA"],
  ["unit-mismatch", "assignment", "state:\n    x mV = 0 mV\nupdate:\n    x = «1 ms"],
  ["unit-mismatch", "compound assignment", "state:\n    x mV = 0 mV\nupdate:\n    x += «1 nS"],
  ["unit-mismatch", "sum", "parameters:\n    a mV = 1 mV\n    b mV = a + «2 ms"],
  ["unit-mismatch", "comparison", "update:\n    if 1 mV > «1 pA:\n        a real = 0"],
  ["unit-mismatch", "branches of ? :", "parameters:\n    a mV = true ? 1 mV : «1 ms"],
  [
    "unit-mismatch",
    "argument of a function",
    "function f(a mV) real: return a / mV\nstate:\n    x real = f(«1 pA)",
  ],
  ["unit-mismatch", "result of a function", "function f() mV:\n    return «1 pA"],
  ["unit-mismatch", "arguments of max", "state:\n    x mV = max(1 mV, «1 ms)"],
  ["unit-mismatch", "argument of steps", "internals:\n    n integer = steps(«1 mV)"],
  ["unit-mismatch", "inline", "equations:\n    inline a pA = «1 mV / (1 MOhm) * ms"],
  [
    "unit-mismatch",
    "equation",
    "state:\n    x mV = 0 mV\nequations:\n    x' = «-x\nupdate: integrate_odes()",
  ],
  [
    "unit-mismatch",
    "initial value of a derivative",
    "state:\n    x mV = 0 mV\n    x' «mV = 0 mV\nequations:\n    x'' = -x / ms**2\nupdate: integrate_odes()",
  ],
  ["ambiguous-unit", "number for a variable in s", "state:\n    x s = «3"],
  [
    "ambiguous-unit",
    "spikes without unit",
    "state:\n    x real = 0\ninput:\n    i <- spike\nonReceive(i):\n    x += «i",
  ],
  ["ambiguous-unit", "number beside a variable in V", "parameters:\n    a V = 1 V\n    b V = a + «1"],
  [
    "power-not-constant",
    "power of a quantity",
    "parameters:\n    a real = 2\n    b mV = 2 mV\n    c mV = b ** «a",
  ],
  ["type-mismatch", "boolean for a number", "state:\n    x real = «true"],
  ["type-mismatch", "string for a quantity", 'state:\n    x mV = «"a"'],
  ["type-mismatch", "number for a boolean", "state:\n    x boolean = «1"],
  ["type-mismatch", "and of numbers", "state:\n    x boolean = «1 and true"],
  ["type-mismatch", "not of a number", "state:\n    x boolean = not «1"],
  ["type-mismatch", "bits of reals", "state:\n    x integer = «1.5 & 1"],
  ["type-mismatch", "sum with a boolean", "state:\n    x real = 1 + «true"],
  ["type-mismatch", "index", "state:\n    x[2] real = 0\nupdate:\n    x[«0.5] = 1"],
  [
    "type-mismatch",
    "variable with an equation",
    "state:\n    x integer = 0\nequations:\n    «x' = 1/ms\nupdate: integrate_odes()",
  ],
  ["type-mismatch", "value of a function without type", "function f():\n    return «1"],
  ["type-mismatch", "return without value", "function f() real:\n    «return"],
  ["void-value", "function without value", "function f():\n    return\nstate:\n    x real = «f()"],
  ["void-value", "variable", "state:\n    x «void = 0"],
  ["condition-not-boolean", "if", "update:\n    if «1:\n        a real = 0"],
  ["condition-not-boolean", "while", "update:\n    while «1 mV: a real = 0"],
  ["condition-not-boolean", "invariant", "parameters:\n    a mV = 1 mV [[«a]]"],
  ["condition-not-boolean", "onCondition", "onCondition(«1 mV):\n    a real = 0"],
  ["condition-not-boolean", "? :", "state:\n    x real = «1 ? 2 : 3"],
  ["argument-count", "predefined function", "state:\n    x real = «exp(1, 2)"],
  ["argument-count", "own function", "function f(a real) real: return a\nstate:\n    x real = «f()"],
  ["argument-count", "emit_spike without attributes", "output: spike\nupdate:\n    «emit_spike(1)"],
  ["argument-count", "emit_spike", "output: spike(weight real, delay ms)\nupdate:\n    «emit_spike(1)"],
  [
    "unit-mismatch",
    "attribute of a spike",
    "output: spike(weight real, delay ms)\nupdate:\n    emit_spike(1, «1 mV)",
  ],
];

const RULES: readonly Case[] = [
  ["not-assignable", "parameter", "parameters:\n    a real = 1\nupdate:\n    «a = 2"],
  ["not-assignable", "internal", "internals:\n    a real = 1\nupdate:\n    «a = 2"],
  ["not-assignable", "inline", "equations:\n    inline a real = 1\nupdate:\n    «a = 2"],
  ["not-assignable", "port", "input:\n    i pA <- continuous\nupdate:\n    «i = 2 pA"],
  ["not-assignable", "constant", "update:\n    «e = 2"],
  ["not-assignable", "state in a function", "state:\n    x real = 0\nfunction f():\n    «x = 1"],
  ["no-spike-output", "emit_spike", "update:\n    «emit_spike()"],
  ["not-an-ode", "integrate_odes", "state:\n    x real = 0\nupdate:\n    integrate_odes(«x)"],
  ["missing-initial-value", "equation", "equations:\n    «x' = 1/ms\nupdate: integrate_odes()"],
  [
    "missing-initial-value",
    "equation of second order",
    "state:\n    x real = 0\nequations:\n    «x'' = 1/ms**2\nupdate: integrate_odes()",
  ],
  ["missing-initial-value", "kernel", "equations:\n    kernel «k' = -1/ms"],
  ["kernel-outside-convolve", "kernel", "equations:\n    kernel k = exp(-t/ms)\n    inline a real = «k"],
  [
    "not-a-kernel",
    "first argument of convolve",
    "state:\n    x real = 0\ninput:\n    i <- spike\nequations:\n    inline a real = convolve(«x, i)",
  ],
  [
    "not-a-spike-port",
    "second argument of convolve",
    "input:\n    i pA <- continuous\nequations:\n    kernel k = delta(t)\n    inline a real = convolve(k, «i)",
  ],
  [
    "not-a-spike-port",
    "handler of nothing",
    "input:\n    spikes <- spike\nonReceive(«spike_s):\n    a real = 0",
  ],
  [
    "not-a-spike-port",
    "handler of a continuous port",
    "input:\n    i pA <- continuous\nonReceive(«i):\n    a real = 0",
  ],
  [
    "duplicate-handler",
    "handler",
    "input:\n    i <- spike\nonReceive(i):\n    a real = 0\nonReceive(«i):\n    a real = 0",
  ],
  [
    "duplicate-handler",
    "handler of an element and of all",
    "input:\n    i[2] <- spike\nonReceive(i[0]):\n    a real = 0\nonReceive(«i):\n    a real = 0",
  ],
  ["duplicate-output", "output", "output:\n    spike\n    «spike"],
  ["port-type", "unit of a spike port", "input:\n    i «pA <- spike"],
  ["port-type", "no unit of a continuous port", "input:\n    «i <- continuous"],
  ["port-type", "sign of a continuous port", "input:\n    «i pA <- excitatory continuous"],
  ["bad-option", "priority", "input:\n    i <- spike\nonReceive(i, priority=«1.5):\n    a real = 0"],
  ["missing-return", "function", "function «f(a real) real:\n    if a > 0:\n        return 1"],
  ["return-outside-function", "update", "update:\n    «return"],
  ["recursive-function", "function", "function «f(a real) real: return f(a)"],
  ["bad-decorator", "contradiction", "parameters:\n    a real = 1 @homogeneous «@heterogeneous"],
  ["not-recordable", "parameter", "parameters:\n    recordable «a real = 1"],
];

const VECTORS: readonly Case[] = [
  ["bad-size", "zero", "state:\n    x[«0] real = 0"],
  ["bad-size", "real literal", "state:\n    x[«2.5] real = 0"],
  ["bad-size", "real parameter", "parameters:\n    n real = 2\nstate:\n    x[«n] real = 0"],
  ["bad-size", "expression", "parameters:\n    n integer = 2\nstate:\n    x[«n + 1] real = 0"],
  ["index-out-of-range", "literal", "state:\n    x[2] real = 0\nupdate:\n    x[«2] = 1"],
  ["index-out-of-range", "negative", "state:\n    x[2] real = 0\nupdate:\n    x[«-1] = 1"],
  ["index-out-of-range", "port", "input:\n    i[2] <- spike\nonReceive(i[«2]):\n    a real = 0"],
  ["not-a-vector", "scalar", "state:\n    x real = 0\nupdate:\n    «x[0] = 1"],
  ["not-a-vector", "port", "input:\n    i <- spike\nonReceive(i[«0]):\n    a real = 0"],
  ["not-a-vector", "sum", "state:\n    x real = sum(«1)"],
  [
    "bad-index",
    "handler",
    "parameters:\n    k integer = 0\ninput:\n    i[2] <- spike\nonReceive(i[«k]):\n    a real = 0",
  ],
  ["vector-size", "vector for a scalar", "parameters:\n    a[2] real = 1\n    b real = «a"],
  ["vector-size", "two sizes", "parameters:\n    a[2] real = 1\n    b[3] real = 1\n    c[2] real = a + «b"],
  ["vector-size", "too many values", "parameters:\n    a[2] real = «[1, 2, 3]"],
  ["vector-size", "values for a scalar", "parameters:\n    a real = «[1, 2]"],
  ["vector-size", "named size", "parameters:\n    n integer = 2\n    a[n] real = «[1, 2, 3]"],
  ["vector-size", "condition", "state:\n    x[2] real = 0\nupdate:\n    if «x > 0: a real = 0"],
  ["vector-size", "values in an assignment", "state:\n    x[2] real = 0\nupdate:\n    x = «[1, 2]"],
  [
    "vector-size",
    "argument of an own function",
    "function f(a real) real: return a\nparameters:\n    v[2] real = 0\n    w real = f(«v)",
  ],
  ["unit-mismatch", "elements", "parameters:\n    a[2] mV = [1 mV, «2 ms]"],
];

const WARNINGS: readonly Case[] = [
  ["implicit-conversion", "number for mV", "state:\n    x mV = «3"],
  ["implicit-conversion", "mV for a real", "parameters:\n    a mV = 3 mV\n    b real = «a"],
  ["implicit-conversion", "number beside mV", "parameters:\n    a mV = 3 mV\n    b mV = a + «1"],
  ["implicit-conversion", "quantity in exp", "parameters:\n    a mV = 3 mV\n    b real = exp(«a)"],
  ["implicit-conversion", "real for an integer", "parameters:\n    a integer = «2.5"],
  ["shadowed-name", "local", "state:\n    x real = 0\nupdate:\n    «x real = 1"],
  ["shadowed-name", "local in an inner block", "update:\n    a real = 0\n    if true:\n        «a real = 1"],
  ["unit-name", "variable", "parameters:\n    «g real = 1"],
  ["unused-value", "call", "update:\n    «exp(1)"],
  ["unreachable", "after return", "function f() real:\n    return 1\n    «a real = 0"],
  ["never-integrated", "equations", "state:\n    x real = 0\nequations:\n    «x' = 1/ms"],
  ["unknown-decorator", "decorator", "parameters:\n    a real = 1 «@homogenous"],
  ["power-of-literal", "literal with unit", "parameters:\n    a mV**2 = «2 mV**2"],
];

describe.each([
  ["syntax", SYNTAX, "error"],
  ["names", NAMES, "error"],
  ["types and units", TYPES, "error"],
  ["rules", RULES, "error"],
  ["vectors", VECTORS, "error"],
  ["warnings", WARNINGS, "warning"],
] as const)("%s", (_, cases, severity) => {
  test.each(cases.map(([code, about, blocks]) => ({ code, about, blocks })))(
    "$code: $about",
    ({ code, blocks }) => {
      const { text, line, column } = unmark(inModel(blocks));
      const found = diagnose(text);
      expect(found.map(brief), found.map((diagnostic) => diagnostic.message).join("\n")).toEqual([
        `${line}:${column} ${code}`,
      ]);
      expect(found[0]?.severity).toBe(severity);
    },
  );
});

describe("files", () => {
  test.each([
    ["no-model", "«", "empty text"],
    ["no-model", "# nothing here\n«", "only a comment"],
    [
      "syntax",
      "modle «m:\n    state:\n        x real = 0\n".replace("«", "").replace("modle", "«modle"),
      "misspelt model",
    ],
    ["syntax", "model m«\n    state:\n        x real = 0\n", "no colon"],
    ["syntax", "model «3:\n    state:\n        x real = 0\n", "no name"],
    ["duplicate-model", "model a:\n    output: spike\nmodel «a:\n    output: spike\n", "same name twice"],
    ["syntax", "«neuron a:\n    output: spike\n", "keyword of earlier versions"],
    ["unterminated-string", '«"""\nnever closed\n', "documentation"],
  ])("%s: %s", (code, marked) => {
    const { text, line, column } = unmark(marked);
    expect(diagnose(text).map(brief)[0]).toBe(`${line}:${column} ${code}`);
  });
});
