/** What scripts that run under the `synfire` command may import: the types of what they are given, and what makes medians. */
export { type Bench, type BenchResult, medians, type Spread } from "./bench-context.js";
export { createRun, type Results, type Run, type RunSettings, type ScriptValue } from "./run-context.js";
