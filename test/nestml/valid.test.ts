/**
 * Small valid texts, each about one construct: they have no errors and no warnings.
 */

import { describe, expect, test } from "vitest";
import { checkModel, type Expr, type Model, parseNestml, printExpression } from "../../src/nestml/index.js";
import { brief, diagnose, inModel } from "./help.js";

const CASES: readonly (readonly [about: string, blocks: string])[] = [
  ["state with several names", "state:\n    x, y real = 0.5"],
  [
    "parameters of every type",
    'parameters:\n    a integer = 1\n    b real = .5\n    c boolean = true\n    d string = "x"\n    f mV = 1 mV',
  ],
  ["True and False", "state:\n    x boolean = True\n    y boolean = False"],
  ["name with dollar and underscore", "state:\n    x$ real = 0\n    _y real = 0\n    $z real = 0"],
  ["unit without blank", "state:\n    x mV = 10mV\n    y mV = 1e3mV"],
  [
    "unit with powers",
    "state:\n    x mV**2 = 4 * mV**2\n    y ms**-1 = 1 / ms\n    z mV**(1/2) = sqrt(4 mV)",
  ],
  ["unit in parentheses", "state:\n    x (mV*ms)**-1 = 1 / (mV * ms)\n    y pA/(mV*ms) = 1 pA / mV / ms"],
  ["unit starting with 1", "state:\n    x 1/s = 3 / s\n    y 1/ms = 3 Hz"],
  ["units of one dimension are converted", "state:\n    x s = 3 ms\n    y ms = x\n    z V = 3 mV + 2 V"],
  ["product with a unit name", "state:\n    x pA = 3 * pA\n    y real = (3 pA) / pA"],
  ["Ohm's law", "parameters:\n    R MOhm = 10 MOhm\n    I nA = 1 nA\n    U mV = R * I"],
  ["charge and capacitance", "parameters:\n    q pC = 1 pF * 1 V\n    tau ms = 250 pF / (25 nS)"],
  ["zero and infinity fit every unit", "state:\n    x mV = 0\n    y ms = inf\n    z pA = -inf"],
  ["integer for a real", "state:\n    x real = 3\n    y real = 3 + 0.5"],
  ["integer arithmetic", "state:\n    x integer = 7 % 4 + 2 * 3 - 2**3\n    y integer = 1 << 4 | 3 & ~2 ^ 5"],
  [
    "comparisons",
    "state:\n    x boolean = 1 < 2 and 2 <= 2 or 3 != 4 and 3 <> 4 or 5 > 4 and 5 >= 5 and 1 == 1",
  ],
  ["not binds looser than comparison", "state:\n    x boolean = not 1 < 2 and not false"],
  ["ternary, nested", "state:\n    x real = true ? 1 : false ? 2 : 3"],
  ["constants", "parameters:\n    a real = e * pi"],
  [
    "predefined functions",
    "parameters:\n    a real = ln(exp(1)) + log10(10) + expm1(0.1) + pow(2.0, 3) + sqrt(4)\n    b real = sin(1) + cos(1) + tan(1) + sinh(1) + cosh(1) + tanh(1) + erf(1) + erfc(1)\n    f real = abs(-1) + ceil(1.5) + floor(1.5) + round(1.5)",
  ],
  [
    "functions that keep the unit",
    "parameters:\n    a mV = max(1 mV, 2 mV) + min(1 mV, 2 mV) + abs(-1 mV) + clip(1 mV, 0 mV, 2 mV)",
  ],
  [
    "power of a quantity",
    "parameters:\n    a mV = 2 mV\n    b mV**2 = a**2\n    c 1/mV = a**-1\n    f mV = pow(a * a, 1/2)",
  ],
  [
    "resolution and steps",
    "internals:\n    h ms = resolution()\n    n integer = steps(2 ms)\n    m_ real = exp(-resolution() / (10 ms))",
  ],
  ["internals from parameters", "parameters:\n    a real = 1\ninternals:\n    b real = a\n    c real = b"],
  [
    "state from internals and earlier state",
    "internals:\n    b real = 1\nstate:\n    x real = b\n    y real = x",
  ],
  [
    "random numbers",
    "parameters:\n    a real = random_uniform(0, 1)\n    b mV = random_normal(-70 mV, 5 mV)\nupdate:\n    n integer = random_poisson(3.5)",
  ],
  ["invariant", "parameters:\n    a mV = 1 mV [[a > 0 mV and a < 5 mV]]"],
  ["decorators", "parameters:\n    a real = 1 @homogeneous\n    b real = 1 @heterogeneous @synfire::range"],
  ["recordable state", "state:\n    recordable x real = 0"],
  ["comments everywhere", "# one\n\nstate: # two\n# three\n    # four\n    x real = 0 # five\n\n# six"],
  ["continuation with a backslash", "state:\n    x real = 1 + \\\n  2 + \\\n        3"],
  ["continuation in parentheses", "state:\n    x real = (1 +\n2 +   # why\n\n      3)"],
  ["continuation after a comma", "state:\n    x,\n    y real = 0"],
  ["documentation in the model", '"""\n  about\nit\n"""\nstate:\n    x real = 0'],
  ["tabs", "state:\n\tx real = 0\n\ty real = 0"],
  [
    "blocks in any order and depth",
    "output: spike\nupdate:\n  if true:\n        emit_spike()\nstate:\n      x real = 0",
  ],
  [
    "if, elif, else",
    "update:\n    a real = 0\n    if a > 0:\n        a = 1\n    elif a < 0:\n        a = 2\n    elif a == 5:\n        a = 4\n    else:\n        a = 3",
  ],
  [
    "bodies on one line",
    "update:\n    a real = 0\n    if a > 0: a = 1\n    else: a = 2\n    while a < 3: a += 1",
  ],
  [
    "for over integers",
    "update:\n    k integer = 0\n    n integer = 5\n    for k in 0 ... n:\n        n -= 1",
  ],
  [
    "for with steps",
    "update:\n    k integer = 0\n    x real = 0\n    for k in 10 ... 0 step -2:\n        x = k\n    for x in 0.5 ... 1.5 step 0.1:\n        k = 0",
  ],
  ["bounds without blanks", "update:\n    k integer = 0\n    for k in 0...5 step 1:\n        k = 0"],
  [
    "compound assignments",
    "state:\n    x mV = 1 mV\nupdate:\n    x += 1 mV\n    x -= 2 mV\n    x *= 2\n    x /= 1 ms / (2 ms)",
  ],
  ["local scopes", "update:\n    if true:\n        a real = 0\n    else:\n        a mV = 0 mV"],
  [
    "functions",
    "function f(a mV, b real) mV:\n    c mV = a * b\n    return c\nfunction g1():\n    return\nstate:\n    x mV = f(1 mV, 2)\nupdate:\n    g1()",
  ],
  [
    "function defined after its use",
    "state:\n    x real = f()\nfunction f() real:\n    return f2()\nfunction f2() real:\n    return 1",
  ],
  [
    "return on every way",
    "function f(a real) real:\n    if a > 0:\n        return 1\n    elif a < -1:\n        return 2\n    else:\n        return 3",
  ],
  [
    "printing",
    'state:\n    x real = 0\nupdate:\n    print("x is {x}")\n    println("")\n    info("a")\n    warning("b")',
  ],
  [
    "equation of first order",
    "state:\n    x mV = 0 mV\nequations:\n    x' = -x / (10 ms) + 1 V / s\nupdate:\n    integrate_odes()",
  ],
  [
    "equation of second order",
    "state:\n    x mV = 0 mV\n    x' mV/ms = 1 mV/ms\nequations:\n    x'' = -x / (1 ms)**2 - 2 * x' / ms\nupdate:\n    integrate_odes(x)",
  ],
  [
    "equation of a number",
    "state:\n    x real = 1\n    y ms = 5 ms\nequations:\n    x' = -x / (5 ms)\n    y' = -1\nupdate:\n    integrate_odes(x, y)",
  ],
  [
    "timer in ms per s",
    "state:\n    r ms = 0 ms\nequations:\n    r' = -1e3 * ms/s\nupdate: integrate_odes()",
  ],
  [
    "equation with decorator",
    "state:\n    x real = 0\nequations:\n    x' = 1/ms @synfire::substep\nupdate: integrate_odes()",
  ],
  [
    "inlines",
    "parameters:\n    b real = 1\nequations:\n    inline a real = b + 1\n    recordable inline c real = a * 2",
  ],
  [
    "kernel as a function",
    "input:\n    i <- spike\nequations:\n    kernel k = exp(-t / (2 ms))\n    inline I pA = convolve(k, i) * pA",
  ],
  [
    "kernel with a unit",
    "input:\n    i <- spike\nequations:\n    kernel k = exp(-t / (2 ms)) * nS\n    inline gs nS = convolve(k, i)",
  ],
  [
    "delta kernel",
    "input:\n    i <- spike\nequations:\n    kernel k = delta(t)\n    inline x real = convolve(k, i)",
  ],
  [
    "kernel in differential form",
    "state:\n    k real = 1\ninput:\n    i <- spike\nequations:\n    kernel k' = -k / (2 ms)\n    inline x real = convolve(k, i)",
  ],
  [
    "kernel of a weighted port",
    "input:\n    i <- spike(psc pA)\nequations:\n    kernel k = exp(-t / (2 ms))\n    inline x pA = convolve(k, i.psc)",
  ],
  [
    "spikes in an equation",
    "state:\n    x mV = 0 mV\ninput:\n    i <- spike\nequations:\n    x' = -x / ms + i * mV\nupdate: integrate_odes()",
  ],
  [
    "ports of all kinds",
    "input:\n    a1 <- spike\n    b1 <- excitatory spike\n    c1 <- inhibitory spike\n    d1 <- excitatory inhibitory spike\n    e1[3] <- spike(weight real, delay ms)\n    f1 pA <- continuous\n    f2[2] pA <- continuous",
  ],
  [
    "handlers of the elements of a port",
    "state:\n    x real = 0\ninput:\n    i[2] <- spike\nonReceive(i[0]):\n    x += i[0] * s\nonReceive(i[1], priority=2):\n    x -= i[1] * s",
  ],
  [
    "attribute in a handler",
    "state:\n    x nS = 0 nS\ninput:\n    i <- spike(gs nS)\nonReceive(i):\n    x += i.gs",
  ],
  [
    "attribute in an equation",
    "state:\n    x nS = 0 nS\ninput:\n    i <- spike(gs nS)\nequations:\n    x' = -x / ms + i.gs\nupdate: integrate_odes()",
  ],
  ["attribute in update", "state:\n    x nS = 0 nS\ninput:\n    i <- spike(gs nS)\nupdate:\n    x += i.gs"],
  ["output on one line", "output: spike(weight real, delay ms)\nupdate:\n    emit_spike(1, 1 ms)"],
  ["output as a block", "output:\n    spike(weight real, delay ms)\nupdate:\n    emit_spike(0.5, 0.001 s)"],
  ["continuous output", "output: continuous"],
  [
    "onCondition and onOutput",
    "state:\n    x mV = 0 mV\noutput: spike\nonCondition(x > 1 mV, priority=1):\n    x = 0 mV\n    emit_spike()\nonOutput:\n    x = 1 mV",
  ],
  [
    "multiplicity",
    "output: spike(multiplicity integer)\ninput:\n    i <- spike(multiplicity integer)\nonReceive(i):\n    emit_spike(i.multiplicity)",
  ],
  [
    "vectors of literal size",
    "state:\n    x[3] mV = 1 mV\nupdate:\n    x[0] = x[1] + x[2]\n    x = x * 2 + 1 mV",
  ],
  [
    "vectors of named size",
    "parameters:\n    n integer = 3\nstate:\n    x[n] real = 1\n    y[n] real = 2\nupdate:\n    x += y * y + exp(-x)\n    y[n - 1] = sum(x)",
  ],
  [
    "list of values",
    "parameters:\n    n integer = 2\n    a[n] mV = [0 mV, -85 mV]\n    b[3] real = [1, 2.5, -3]",
  ],
  [
    "equation of a vector",
    "parameters:\n    n integer = 2\n    tau[n] ms = [1 ms, 2 ms]\nstate:\n    x[n] nS = 0 nS\nequations:\n    x' = -x / tau\n    inline I pA = sum(x * 3 mV)\nupdate: integrate_odes()",
  ],
  [
    "array of ports",
    "parameters:\n    n integer = 2\nstate:\n    x[n] nS = 0 nS\ninput:\n    i[n] <- spike\nonReceive(i):\n    x += i * nS * s",
  ],
  [
    "kernel of an array of ports",
    "input:\n    i[2] <- spike\nequations:\n    kernel k = exp(-t / ms)\n    inline I pA = sum(convolve(k, i)) * pA + convolve(k, i[0]) * pA",
  ],
  ["local vector", "update:\n    v[2] real = [1, 2]\n    a real = sum(v)"],
  ["vector in a ternary", "parameters:\n    v[2] real = [1, 2]\n    w[2] real = v > 1 ? v : 0"],
  ["semicolon at the end", "state:\n    x real = 0;\nupdate:\n    x = 1;"],
];

/** Names that are also units warn on purpose; they are used here for shortness. */
const counts = (code: string) => code !== "unit-name";

test.each(CASES.map(([about, blocks]) => ({ about, blocks })))("$about", ({ blocks }) => {
  const found = diagnose(inModel(blocks)).filter((diagnostic) => counts(diagnostic.code));
  expect(found.map((diagnostic) => `${brief(diagnostic)}: ${diagnostic.message}`)).toEqual([]);
});

function parseValue(text: string): Expr {
  const { models, diagnostics } = parseNestml(inModel(`state:\n    x real = ${text}`));
  expect(diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
  return models[0]?.state[0]?.value as Expr;
}

/** An expression with every operation in parentheses. */
function nested(expression: Expr): string {
  switch (expression.kind) {
    case "unary":
      return `(${expression.op} ${nested(expression.operand)})`;
    case "binary":
      return `(${nested(expression.left)} ${expression.op} ${nested(expression.right)})`;
    case "ternary":
      return `(${nested(expression.condition)} ? ${nested(expression.then)} : ${nested(expression.otherwise)})`;
    default:
      return printExpression(expression);
  }
}

describe("precedence", () => {
  test.each([
    ["2 ** 3 ** 2", "(2 ** (3 ** 2))"],
    ["-2 ** 2", "(- (2 ** 2))"],
    ["2 ** -1", "(2 ** (- 1))"],
    ["a * b / c % d", "(((a * b) / c) % d)"],
    ["a - b - c", "((a - b) - c)"],
    ["a + b << 1 * 2", "((a + b) << (1 * 2))"],
    ["a | b ^ c & d << 1", "(a | (b ^ (c & (d << 1))))"],
    ["a & 1 == 2", "((a & 1) == 2)"],
    ["not a == b", "(not (a == b))"],
    ["a or b and not c", "(a or (b and (not c)))"],
    ["a ? b : c ? d : f", "(a ? b : (c ? d : f))"],
    ["a or b ? c : d", "((a or b) ? c : d)"],
    ["3 mV/ms", "(3 mV / ms)"],
    ["-3 mV", "(- 3 mV)"],
    ["a <> b", "(a != b)"],
    ["(a + b) * c", "((a + b) * c)"],
    ["~a ** 2", "(~ (a ** 2))"],
  ])("%s", (text, expected) => {
    expect(nested(parseValue(text))).toBe(expected);
  });
});

describe("the model that comes out", () => {
  const only = (text: string): Model => parseNestml(text).models[0] as Model;

  test("several models in a text, each with its documentation", () => {
    const text =
      '"""\nfirst\n"""\nmodel a:\n    output: spike\n\nmodel b:\n    """second"""\n    output: spike\n';
    expect(parseNestml(text).models.map(({ name, documentation }) => [name, documentation])).toEqual([
      ["a", "first"],
      ["b", "second"],
    ]);
  });

  test("comments of declarations", () => {
    const { state } = only(inModel("state:\n    # above\n    x real = 0  # beside\n    y real = 0"));
    expect(state.map((declaration) => declaration.comment)).toEqual(["beside", undefined]);
  });

  test("spans are 1-based and end after the last character", () => {
    const [declaration] = only(inModel("state:\n    x real = 1 + y")).state;
    expect(declaration?.span).toEqual({ line: 3, column: 9, endLine: 3, endColumn: 23 });
    expect(declaration?.value?.span).toEqual({ line: 3, column: 18, endLine: 3, endColumn: 23 });
    expect(declaration?.typeSpan).toEqual({ line: 3, column: 11, endLine: 3, endColumn: 15 });
  });

  test("what makes a synapse", () => {
    const role = (blocks: string) => only(inModel(blocks)).role;
    expect(role("output: spike(weight real, delay ms)")).toBe("synapse");
    expect(role("output: spike\ninput:\n    i <- spike\nonReceive(i):\n    emit_spike(1, 1 ms)")).toBe(
      "synapse",
    );
    expect(role("output: spike\ninput:\n    i <- spike\nonReceive(i):\n    emit_spike()")).toBe("neuron");
    expect(
      role("output: spike(multiplicity integer)\ninput:\n    i <- spike\nonReceive(i):\n    emit_spike(2)"),
    ).toBe("neuron");
  });

  test("calls are coherent, whatever unit the function declares", () => {
    const model = only(inModel("function f() s:\n    return 2 s\nstate:\n    x s = f()"));
    checkModel(model);
    expect(model.functions[0]?.returnType).toMatchObject({ kind: "unit", factor: 1000 });
    expect(model.state[0]?.type).toMatchObject({ kind: "unit", factor: 1000, text: "s" });
    expect(model.state[0]?.value?.type).toMatchObject({ kind: "unit", factor: 1, text: "ms" });
  });

  test("Windows line ends", () => {
    expect(only(inModel("state:\n    x real = 0").replaceAll("\n", "\r\n")).state).toHaveLength(1);
  });
});
