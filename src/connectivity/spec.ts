/** Reading the parameters of a connection rule, and the errors that all rules share. */
import { SynfireError } from "../errors.js";
import { isDistribution } from "../random/distributions.js";
import type { Endpoints, RuleContext, RuleFormula } from "./rule.js";

type Spec = Readonly<Record<string, unknown>>;

/** The error of a rule that cannot be carried out. */
export function badRule(message: string, key?: string): SynfireError {
  return new SynfireError("bad-rule", message, key);
}

/**
 * A required count: an integer from 0 to `largest`.
 * @throws SynfireError "bad-rule"
 */
export function countOf(rule: string, spec: Spec, key: string, largest: number): number {
  const value = spec[key];
  if (value === undefined) throw badRule(`The rule ${rule} needs "${key}".`, key);
  if (isDistribution(value)) {
    throw badRule(`"${key}" of the rule ${rule} must be one number; a distribution is not supported.`, key);
  }
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > largest) {
    throw badRule(
      `"${key}" of the rule ${rule} must be an integer from 0 to ${largest}, not ${String(value)}.`,
      key,
    );
  }
  return value;
}

/** The error of a degree for which there are not enough nodes, given what the switches forbid. */
export function tooFew(
  rule: string,
  key: string,
  degree: number,
  available: number,
  nodes: string,
  { allowAutapses, allowMultapses }: RuleContext,
): SynfireError {
  const without = [...(allowAutapses ? [] : ["autapses"]), ...(allowMultapses ? [] : ["multapses"])];
  return badRule(
    `"${key}" of the rule ${rule} is ${degree}, but only ${available} ${nodes} are available` +
      `${without.length > 0 ? ` without ${without.join(" and ")}` : ""}.`,
    key,
  );
}

/**
 * A required probability: a number from 0 to 1.
 * @throws SynfireError "bad-rule"
 */
export function probabilityOf(rule: string, spec: Spec, key: string): number {
  const value = spec[key];
  if (value === undefined) throw badRule(`The rule ${rule} needs "${key}".`, key);
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
    throw badRule(`"${key}" of the rule ${rule} must be a number from 0 to 1, not ${String(value)}.`, key);
  }
  return value;
}

/** @throws SynfireError "bad-range" unless 0 <= from <= to <= targets */
export function checkRange(from: number, to: number, targets: number): void {
  if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= targets)) {
    throw new SynfireError("bad-range", `Targets [${from}, ${to}) are not a range within [0, ${targets}).`);
  }
}

/** The position among the sources of the node that is the target at a position; -1 if it is no source. */
export function selfPosition(endpoints: Endpoints, target: number): number {
  return endpoints.sources.position(endpoints.targets.id(target));
}

/**
 * The source position that a target must not have, because it is the target itself and autapses are forbidden; -1 if there is
 * none.
 */
export function forbiddenSource(context: RuleContext, target: number): number {
  return context.allowAutapses ? -1 : selfPosition(context.endpoints, target);
}

/** How many of the targets are also sources. */
export function countSelves(endpoints: Endpoints): number {
  let count = 0;
  for (let target = 0; target < endpoints.targets.length; target++) {
    if (selfPosition(endpoints, target) >= 0) count++;
  }
  return count;
}

/** The numbers of a rule as plain data. */
export function formulaOf(
  rule: RuleFormula["rule"],
  value: number,
  { allowAutapses, allowMultapses }: RuleContext,
): RuleFormula {
  return { rule, value, allowAutapses, allowMultapses };
}
