/**
 * The predefined functions of NESTML, as a table: what they take, what they give, and where they may stand.
 */

/** Where an expression stands in a model. */
export type PlaceKind =
  | "parameters"
  | "internals"
  | "state"
  | "size"
  | "invariant"
  | "equations"
  | "kernel"
  | "statements"
  | "function";

/**
 * What an argument must be: "plain" a number without dimension, "time", "same" a number of the same dimension as the other such
 * arguments, "any" anything.
 */
export type ArgumentKind = "plain" | "time" | "same" | "any";

export interface Signature {
  readonly arguments: readonly ArgumentKind[];
  /** "same": the type of the arguments of that kind; "root": with half the dimension; "special": see the checker */
  readonly result: "real" | "integer" | "time" | "void" | "same" | "root" | "special";
  /** where it may stand; everywhere if left out */
  readonly places?: readonly PlaceKind[];
  /** whether a vector argument gives a vector, element by element */
  readonly elementwise?: boolean;
}

const real: Signature = { arguments: ["plain"], result: "real", elementwise: true };
const report: Signature = { arguments: ["any"], result: "void", places: ["statements", "function"] };
const DRAWING: readonly PlaceKind[] = ["parameters", "internals", "state", "statements"];
const STATEMENTS: readonly PlaceKind[] = ["statements"];

/** Signatures by name. */
export const PREDEFINED: Readonly<Record<string, Signature>> = {
  exp: real,
  expm1: real,
  ln: real,
  log10: real,
  sin: real,
  cos: real,
  tan: real,
  sinh: real,
  cosh: real,
  tanh: real,
  erf: real,
  erfc: real,
  ceil: real,
  floor: real,
  round: real,
  abs: { arguments: ["same"], result: "same", elementwise: true },
  min: { arguments: ["same", "same"], result: "same", elementwise: true },
  max: { arguments: ["same", "same"], result: "same", elementwise: true },
  clip: { arguments: ["same", "same", "same"], result: "same", elementwise: true },
  sqrt: { arguments: ["same"], result: "root", elementwise: true },
  pow: { arguments: ["any", "plain"], result: "special", elementwise: true },
  random_normal: { arguments: ["same", "same"], result: "same", places: DRAWING },
  random_uniform: { arguments: ["same", "same"], result: "same", places: DRAWING },
  random_poisson: { arguments: ["plain"], result: "integer", places: DRAWING },
  resolution: { arguments: [], result: "time" },
  timestep: { arguments: [], result: "time", places: STATEMENTS },
  steps: { arguments: ["time"], result: "integer" },
  delta: { arguments: ["time"], result: "real", places: ["kernel"] },
  sum: { arguments: ["any"], result: "special" },
  convolve: { arguments: ["any", "any"], result: "special", places: ["equations"] },
  integrate_odes: { arguments: [], result: "void", places: STATEMENTS },
  emit_spike: { arguments: [], result: "void", places: STATEMENTS },
  print: report,
  println: report,
  info: report,
  warning: report,
};

/** How a place is named in a message. */
export const PLACE_NAMES: Readonly<Record<PlaceKind, string>> = {
  parameters: "the value of a parameter",
  internals: "the value of an internal",
  state: "an initial value",
  size: "the size of a vector",
  invariant: "an invariant",
  equations: "the equations",
  kernel: "a kernel",
  statements: "statements",
  function: "a function",
};
