/** Connection rules: the table of them, and from a user's specification to a plan. */
import { SynfireError, unknownName } from "../errors.js";
import type { ConnectionPlan, ConnectionRule, RuleContext } from "./rule.js";
import { allToAll } from "./rules/all-to-all.js";
import { explicit } from "./rules/explicit.js";
import { fixedIndegree } from "./rules/fixed-indegree.js";
import { fixedOutdegree } from "./rules/fixed-outdegree.js";
import { fixedTotalNumber } from "./rules/fixed-total-number.js";
import { oneToOne } from "./rules/one-to-one.js";
import { pairwiseBernoulli } from "./rules/pairwise-bernoulli.js";
import { badRule } from "./spec.js";

export { idList, idRange } from "./node-ids.js";
export type {
  ConnectionPlan,
  ConnectionRule,
  Endpoints,
  NodeIds,
  RuleContext,
  RuleFormula,
  SynapseSink,
} from "./rule.js";

/** All connection rules, by NEST's names. A rule is added here, and nowhere else. */
export const connectionRules: ReadonlyMap<string, ConnectionRule> = new Map(
  [oneToOne, allToAll, fixedIndegree, fixedOutdegree, fixedTotalNumber, pairwiseBernoulli, explicit].map(
    (rule) => [rule.name, rule],
  ),
);

/** The name of a rule, or an object with the name under `rule` and its parameters. */
export type ConnectionSpec = string | Readonly<Record<string, unknown>>;

/** The context of a rule; autapses and multapses are allowed unless the specification or the context forbids them. */
export type PlanContext = Omit<RuleContext, "allowAutapses" | "allowMultapses"> &
  Partial<Pick<RuleContext, "allowAutapses" | "allowMultapses">>;

/** Keys that every rule takes. */
const COMMON_KEYS = ["rule", "allow_autapses", "allow_multapses"];
/** Names that NEST GPU gives to keys of ours. */
const NEST_GPU_KEYS: Readonly<Record<string, string>> = { total_num: "N" };

/**
 * Checks a specification and prepares the connections. What the specification says of autapses and multapses comes before what
 * the context says.
 * @throws SynfireError "unknown-rule", "bad-rule", "bad-seed"
 */
export function planConnection(spec: ConnectionSpec, context: PlanContext): ConnectionPlan {
  const parameters: Readonly<Record<string, unknown>> = typeof spec === "string" ? { rule: spec } : spec;
  const name = parameters.rule;
  if (typeof name !== "string") {
    throw badRule(
      `A connection needs the name of its rule under "rule". Allowed: ${[...connectionRules.keys()].join(", ")}.`,
      "rule",
    );
  }
  const rule = connectionRules.get(name);
  if (rule === undefined) throw unknownName("unknown-rule", "connection rule", name, connectionRules.keys());
  for (const key of Object.keys(parameters)) checkKey(rule, key);
  return rule.plan(parameters, {
    seed: context.seed,
    projection: context.projection,
    endpoints: context.endpoints,
    allowAutapses: switchOf(parameters, "allow_autapses") ?? context.allowAutapses ?? true,
    allowMultapses: switchOf(parameters, "allow_multapses") ?? context.allowMultapses ?? true,
  });
}

function checkKey(rule: ConnectionRule, key: string): void {
  const allowed = [...rule.keys, ...COMMON_KEYS];
  if (allowed.includes(key)) return;
  const ours = NEST_GPU_KEYS[key];
  if (ours !== undefined && allowed.includes(ours)) {
    throw new SynfireError(
      "bad-rule",
      `Unknown parameter of ${rule.name} "${key}". It is called "${ours}" here, as in NEST.`,
      key,
    );
  }
  throw unknownName("bad-rule", `parameter of ${rule.name}`, key, allowed);
}

function switchOf(parameters: Readonly<Record<string, unknown>>, key: string): boolean | undefined {
  const value = parameters[key];
  if (value === undefined || typeof value === "boolean") return value;
  throw badRule(`"${key}" must be true or false, not ${String(value)}.`, key);
}
