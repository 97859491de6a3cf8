#!/usr/bin/env node
/** The `synfire` command. */

import { type CAC, cac } from "cac";
import { unknownName } from "../errors.js";
import {
  checkOptionNames,
  numberOption,
  type ParsedOptions,
  scriptArguments,
  simulatorOptions,
  textOption,
} from "./arguments.js";
import { failureText } from "./failure.js";
import { packageVersion } from "./version.js";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // the reader of a pipe has gone: `synfire models | head`
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  await main(process.argv);
} catch (error) {
  process.stderr.write(failureText(error));
  process.exitCode = 1;
}

async function main(argv: string[]): Promise<void> {
  const cli = cac("synfire");
  simulatorFlags(
    cli
      .command("run <file> [...arguments]", "Run a TypeScript or JavaScript file; arguments are name=value")
      .option("--out <dir>", "folder for results")
      .option("--json", "print what the script returns as JSON on stdout, and nothing else"),
  ).action(async (file: string, words: readonly string[], options: ParsedOptions) => {
    const { runCommand } = await import("./run-command.js");
    const dashed = (options["--"] as readonly string[] | undefined) ?? [];
    await runCommand({
      file,
      options: simulatorOptions(options),
      out: textOption(options, "out"),
      json: options.json === true,
      args: scriptArguments(words, dashed),
      words: [...words, ...dashed],
    });
  });
  cli
    .command("models [name]", "List the models, or print the NESTML text of one")
    .action(async (name: string | undefined) => {
      const { modelsText } = await import("./models-command.js");
      process.stdout.write(modelsText(name));
    });
  cli
    .command("check <file>", "Check the models of a NESTML file")
    .option("--ir", "show how the models are solved and the code they become")
    .action(async (file: string, options: ParsedOptions) => {
      const { checkText } = await import("./check-command.js");
      process.stdout.write(checkText(file, options.ir === true));
    });
  simulatorFlags(
    cli
      .command("bench [...names]", "Run benchmarks, all or those named; arguments are name=value")
      .option("--runs <n>", "measurements of which the median is taken (default: 3)")
      .option("--json", "print results as JSON on stdout, and nothing else")
      .option("--out <file>", "write results as JSON; some write figures beside it")
      .option("--ranks <list>", "ring: numbers of ranks, as 1,2,4")
      .option("--scales <list>", "ring: scales, as 1,10,100")
      .option("--seeds <n>", "ring: number of seeds"),
  ).action(async (words: readonly string[], options: ParsedOptions) => {
    const { benchCommand } = await import("./bench-command.js");
    const dashed = (options["--"] as readonly string[] | undefined) ?? [];
    const flags = ["ranks", "scales", "seeds"].flatMap((name) => {
      const text = textOption(options, name);
      return text === undefined ? [] : [`${name}=${text}`];
    });
    await benchCommand({
      names: words.filter((word) => !word.includes("=")),
      options: simulatorOptions(options),
      runs: numberOption(options, "runs") ?? 3,
      json: options.json === true,
      out: textOption(options, "out"),
      args: scriptArguments([...words.filter((word) => word.includes("=")), ...flags], dashed),
    });
  });
  cli.example("synfire run examples/brunel.ts --threads 2 --out results order=500 simtime=2000");
  cli.help();
  cli.version(packageVersion());
  await dispatch(cli, argv);
}

/** The options of simulators, which `run` and `bench` share. */
function simulatorFlags(command: ReturnType<CAC["command"]>) {
  return command
    .option("--threads <n>", "number of threads (default: that of the cores)")
    .option("--device <name>", "auto, cpu, cuda, cuda:1, cuda:0,1, cuda:all or reference")
    .option("--seed <n>", "seed of all random numbers")
    .option("--precision <name>", "float32 or float64")
    .option("--rehearse <rank/size>", "build and run the share of one rank of many, without the others");
}

/** Checks names before a command runs: cac's own check does not tell the nearest. */
async function dispatch(cli: CAC, argv: string[]): Promise<void> {
  for (const command of cli.commands) command.allowUnknownOptions();
  const { args, options } = cli.parse(argv, { run: false });
  if (options.help || options.version) return;
  if (!cli.matchedCommand) {
    if (args[0] !== undefined)
      throw unknownName(
        "unknown-command",
        "command",
        args[0],
        cli.commands.map((command) => command.name),
      );
    checkOptionNames(cli.globalCommand, options);
    cli.outputHelp();
    return;
  }
  checkOptionNames(cli.matchedCommand, options);
  await cli.runMatchedCommand();
}
