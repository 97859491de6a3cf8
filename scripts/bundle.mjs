// `npm run bundle`: one archive with Node, the built package and its production dependencies, for machines without a network.
//     tar xzf synfire-*.tar.gz && synfire/synfire bench microcircuit-full --device cuda
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version, files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const platform = `${process.platform}-${process.arch}`;
const archive = process.argv[2] ?? join(root, "results", `synfire-${version}-${platform}.tar.gz`);
const staging = mkdtempSync(join(tmpdir(), "synfire-bundle-"));
const target = join(staging, "synfire");
mkdirSync(target);

// what runs, its sources of examples, benchmarks and the networks that engines are compared on
for (const name of [...files, "package.json", "package-lock.json", "bench"])
  if (existsSync(join(root, name))) cpSync(join(root, name), join(target, name), { recursive: true });
for (const file of readdirSync(join(root, "bench"), { recursive: true }).filter((f) => f.endsWith(".ts")))
  bringImports(join("bench", file));
const production = execFileSync("npm", ["ls", "--omit=dev", "--all", "--parseable"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .map((line) => line.slice(root.replace(/\/$/, "").length + 1))
  .filter((path) => path.startsWith("node_modules/"));
for (const path of production)
  if (existsSync(join(root, path)))
    cpSync(join(root, path), join(target, path), {
      recursive: true,
      // source maps and declarations of dependencies are not needed to run
      filter: (f) => !/\.(map|d\.ts|d\.mts|d\.cts|md|tsx?)$/.test(f) || f.endsWith("package.json"),
    });
cpSync(process.execPath, join(target, "node"));
try {
  execFileSync("strip", [join(target, "node")]);
} catch {
  // larger, but whole
}
writeFileSync(join(target, "commit"), commit());
writeFileSync(
  join(target, "synfire"),
  '#!/bin/sh\n# Synfire with its own Node: nothing else is needed.\nhere=$(cd "$(dirname "$0")" && pwd)\nexec "$here/node" "$here/dist/cli/main.js" "$@"\n',
);
chmodSync(join(target, "synfire"), 0o755);
mkdirSync(join(archive, ".."), { recursive: true });
execFileSync("tar", ["-C", staging, "--use-compress-program=gzip -9", "-cf", archive, "synfire"]);
rmSync(staging, { recursive: true });
const size = statSync(archive).size / 1e6;
console.log(`${archive}: ${size.toFixed(1)} MB`);
if (size > 60) throw new Error("The bundle is larger than 60 MB.");

function commit() {
  try {
    const git = (...words) => execFileSync("git", words, { cwd: root, encoding: "utf8" }).trim();
    return (
      git("rev-parse", "--short=12", "HEAD") + (git("status", "--porcelain", "-uno") === "" ? "" : "+changes")
    );
  } catch {
    return "";
  }
}

/** What a source imports, beside types, must be in the archive, too. */
function bringImports(file) {
  for (const [, path] of readFileSync(join(root, file), "utf8").matchAll(
    /^(?:import|export) (?!type)[^;]*?from "(\.[^"]+)\.js"/gm,
  )) {
    const imported = join(file, "..", `${path}.ts`);
    if (!existsSync(join(target, imported))) cpSync(join(root, imported), join(target, imported));
    bringImports(imported);
  }
}
