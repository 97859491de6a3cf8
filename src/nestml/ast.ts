/**
 * The shape of a NESTML model: what the parser produces and what the checker annotates. Plain data; no behaviour.
 *
 * Units: the checker gives every quantity a type with seven dimension exponents and a `factor`. The coherent system of
 * Synfire is ms, mV, pA (hence pF, nS, GOhm, 1/ms). A stored value of a variable declared in unit U, times `factor`, is
 * its value in the coherent system. Inner nodes of expressions are always coherent (factor 1); only leaves (names and
 * literals with a unit) and assignment targets carry factors other than 1.
 */

/** A place in the source text, 1-based; `end` is exclusive. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Exponents of the base dimensions [m, kg, s, A, K, mol, cd]; rational powers are allowed, so plain numbers. */
export type Dimensions = readonly [number, number, number, number, number, number, number];

export type Type =
  | { readonly kind: "integer" | "real" | "boolean" | "string" | "void" }
  | {
      readonly kind: "unit";
      readonly dimensions: Dimensions;
      /** coherent value = stored value x factor */
      readonly factor: number;
      /** as written, e.g. "mV/ms" */
      readonly text: string;
    };

/** What a name in an expression stands for; filled in by the checker. */
export type Role =
  | "state"
  | "parameter"
  | "internal"
  | "inline"
  | "kernel"
  | "port"
  | "local"
  | "constant" // e, pi, inf
  | "time" // t
  | "unit"; // a bare unit used as a factor, as in `pA * s`

interface Node {
  readonly span: Span;
}

/** Number of elements of a vector: a literal, or the name of an integer parameter or internal. */
export type VectorSize = { readonly literal: number } | { readonly name: string };

/**
 * Every expression node has its `type` after checking (the parser leaves `undefined`). `size` is set where the value is a vector:
 * operations and predefined functions of vectors are element-wise, a scalar beside a vector counts for every element, and
 * `sum(vector)` is a scalar.
 */
export type Expr = Node & { type?: Type; size?: VectorSize } & (
    | { readonly kind: "number"; readonly value: number; readonly integer: boolean; readonly unit?: UnitExpr }
    | { readonly kind: "boolean"; readonly value: boolean }
    | { readonly kind: "string"; readonly value: string }
    | {
        readonly kind: "name";
        readonly name: string;
        /** number of ' marks: order of the derivative */
        readonly order: number;
        /** element of a vector or of an array of ports */
        readonly index?: Expr;
        /** attribute of a spike port: `port.attribute` */
        readonly attribute?: string;
        role?: Role;
      }
    | { readonly kind: "unary"; readonly op: "+" | "-" | "~" | "not"; readonly operand: Expr }
    | { readonly kind: "binary"; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr }
    | { readonly kind: "ternary"; readonly condition: Expr; readonly then: Expr; readonly otherwise: Expr }
    | {
        /** predefined functions (exp, convolve, integrate_odes, emit_spike, resolution, steps, delta, ...) and the model's own */
        readonly kind: "call";
        readonly name: string;
        readonly args: readonly Expr[];
      }
    /** `[0 mV, -85 mV]`: the value of a declared vector */
    | { readonly kind: "vector"; readonly elements: readonly Expr[] }
  );

export type BinaryOp =
  | "**"
  | "*"
  | "/"
  | "%"
  | "+"
  | "-"
  | "&"
  | "|"
  | "^"
  | "<<"
  | ">>"
  | "<"
  | "<="
  | "=="
  | "!="
  | ">="
  | ">"
  | "and"
  | "or";

/** A unit as written: resolved by the checker, kept for messages. */
export interface UnitExpr extends Node {
  readonly text: string;
}

/** Decorators: `@homogeneous`, `@heterogeneous`, `@namespace::name`. */
export interface Decorator extends Node {
  readonly namespace?: string;
  readonly name: string;
}

/** One declared variable (`x, y mV = 3 mV` becomes two). */
export interface Declaration extends Node {
  readonly name: string;
  /** order of the derivative that this declares an initial value for: `g' nS/ms = 0 nS/ms` */
  readonly order: number;
  /** type as written: "real", "integer", "boolean", "string" or a unit expression */
  readonly typeText: string;
  readonly typeSpan?: Span;
  readonly nameSpan?: Span;
  type?: Type;
  /** vector size: an integer literal or the name of an integer parameter or internal */
  readonly size?: Expr;
  readonly value?: Expr;
  /** `[[ condition ]]` */
  readonly invariant?: Expr;
  readonly recordable: boolean;
  readonly decorators: readonly Decorator[];
  /** text of the `#` comment on the same line */
  readonly comment?: string;
}

/** `x'' = expression` */
export interface Ode extends Node {
  readonly name: string;
  readonly order: number;
  readonly expression: Expr;
  readonly decorators: readonly Decorator[];
}

/** `[recordable] inline name type = expression` */
export interface Inline extends Node {
  readonly name: string;
  readonly nameSpan?: Span;
  readonly typeText: string;
  readonly typeSpan?: Span;
  /** set by the checker where the expression is a vector */
  size?: VectorSize;
  type?: Type;
  readonly recordable: boolean;
  readonly expression: Expr;
  readonly decorators: readonly Decorator[];
}

/** `kernel k = f(t)` or `kernel k' = ..., k'' = ...` (differential form: order >= 1, initial values in `state`) */
export interface Kernel extends Node {
  readonly definitions: readonly {
    readonly name: string;
    readonly order: number;
    readonly expression: Expr;
    readonly nameSpan?: Span;
  }[];
}

export interface PortAttribute extends Node {
  readonly name: string;
  readonly typeText: string;
  readonly typeSpan?: Span;
  type?: Type;
}

export interface InputPort extends Node {
  readonly name: string;
  readonly kind: "spike" | "continuous";
  /** for continuous ports */
  readonly typeText?: string;
  readonly typeSpan?: Span;
  readonly nameSpan?: Span;
  /** continuous: its unit; spike: 1/s (a sum of delta functions, as in NESTML 8) */
  type?: Type;
  readonly size?: Expr;
  /** `<- excitatory spike`: takes positive weights; `<- inhibitory spike`: negative ones, seen as positive; both or none: any */
  readonly qualifiers: readonly ("excitatory" | "inhibitory")[];
  readonly attributes: readonly PortAttribute[];
}

export interface OutputPort extends Node {
  readonly kind: "spike" | "continuous";
  readonly attributes: readonly PortAttribute[];
}

export type Statement = Node &
  (
    | {
        readonly kind: "assign";
        readonly op: "=" | "+=" | "-=" | "*=" | "/=";
        /** always a "name" expression */
        readonly target: Extract<Expr, { kind: "name" }>;
        readonly value: Expr;
      }
    | { readonly kind: "call"; readonly call: Extract<Expr, { kind: "call" }> }
    | { readonly kind: "declare"; readonly declaration: Declaration }
    | { readonly kind: "return"; readonly value?: Expr }
    | {
        readonly kind: "if";
        readonly branches: readonly { readonly condition: Expr; readonly body: readonly Statement[] }[];
        readonly otherwise: readonly Statement[];
      }
    | {
        readonly kind: "for";
        readonly variable: string;
        readonly variableSpan?: Span;
        readonly from: Expr;
        readonly to: Expr;
        readonly step: number;
        readonly body: readonly Statement[];
      }
    | { readonly kind: "while"; readonly condition: Expr; readonly body: readonly Statement[] }
  );

export interface FunctionParameter extends Node {
  readonly name: string;
  readonly typeText: string;
  readonly typeSpan?: Span;
  type?: Type;
}

export interface FunctionDefinition extends Node {
  readonly name: string;
  readonly nameSpan?: Span;
  readonly parameters: readonly FunctionParameter[];
  readonly returnTypeText: string;
  readonly returnTypeSpan?: Span;
  returnType?: Type;
  readonly body: readonly Statement[];
}

/** `onReceive(port[index], priority=1):` */
export interface OnReceive extends Node {
  readonly port: string;
  readonly portSpan?: Span;
  readonly index?: Expr;
  readonly options: Readonly<Record<string, Expr>>;
  readonly body: readonly Statement[];
}

export interface OnCondition extends Node {
  readonly condition: Expr;
  readonly options: Readonly<Record<string, Expr>>;
  readonly body: readonly Statement[];
}

/** `onOutput:`, statements run when the model emits */
export interface OnOutput extends Node {
  readonly options: Readonly<Record<string, Expr>>;
  readonly body: readonly Statement[];
}

/** One `model NAME:`. The parser fills everything but the `type`s and `role`s, which the checker adds in place. */
export interface Model extends Node {
  readonly name: string;
  readonly nameSpan?: Span;
  /** a synapse has `output: spike(weight ..., delay ...)` or an onReceive that emits with a weight; all else is a neuron */
  readonly role: "neuron" | "synapse";
  /** text of the documentation comment in front of the model */
  readonly documentation?: string;
  readonly state: readonly Declaration[];
  readonly parameters: readonly Declaration[];
  readonly internals: readonly Declaration[];
  readonly odes: readonly Ode[];
  readonly inlines: readonly Inline[];
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly functions: readonly FunctionDefinition[];
  readonly update: readonly Statement[];
  readonly onReceive: readonly OnReceive[];
  readonly onCondition: readonly OnCondition[];
  readonly onOutput: readonly OnOutput[];
}

/** Something said about a place in a text: an error or a warning. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** stable, kebab-case: "syntax", "undefined-name", "unit-mismatch", ... */
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly span: Span;
}
