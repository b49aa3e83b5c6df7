// Runs the benchmarks that are named on the command line, or all, one after the other.
const benchmarks = ["engine", "start", "many-models", "write", "read", "stream", "units", "indexing", "llm", "jaffle"];
const named = process.argv.slice(2);
for (const name of named.length > 0 ? named : benchmarks)
  await import(new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href);
