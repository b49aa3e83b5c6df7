#!/usr/bin/env node
import module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
  console.error(`Millrace needs Node 20.19, 22.12 or later; this is ${process.version}.`);
  process.exit(1);
}
// Node 20 has no compile cache; later ones start in half the time with it.
module.enableCompileCache?.();
const { main } = await import("../dist/cli/main/main.js");
await main(process.argv.slice(2));
