import { writeFile } from "node:fs/promises";
import { plural } from "../../core/text.ts";
import { type Labels, labelUnits } from "../../project/label-units.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, projectArgs } from "../define-command.ts";
import { withInterrupt } from "../interrupt.ts";
import { openCliProject } from "../open-project.ts";
import { readCount } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Model that calls a language model" },
    ...projectArgs,
    count: {
      type: "string",
      alias: "n",
      valueHint: "n",
      default: "20",
      description: "Number of units, the same ones every time",
    },
    signature: { type: "string", valueHint: "name", description: "Signature, for a model that uses several" },
    out: { type: "string", valueHint: "file", description: "Output file; by default standard output" },
  },
  examples: [["llm label docs.topics -n 50 --out rows.jsonl", "inputs with the model's answers, to correct by hand"]],
  async run({ args }) {
    const count = readCount("count", args.count) ?? 20;
    await using project = await openCliProject(args);
    return await withInterrupt(async (signal) => {
      const labels = await labelUnits(project, args.model, { count, signature: args.signature, signal });
      const text = labels.rows.map((row) => `${JSON.stringify(row)}\n`).join("");
      if (args.out === undefined) process.stdout.write(text);
      else await writeFile(args.out, text);
      sayNext(labels, createCommandLine(args)("llm", "eval", labels.signature, "--data", args.out ?? "rows.jsonl"));
      return 0;
    });
  },
});

function sayNext({ rows, skipped }: Labels, next: string): void {
  const left = skipped === 0 ? "" : ` ${plural(skipped, "unit")} had no cached response.`;
  process.stderr.write(
    `${plural(rows.length, "example")} to correct: \`expected\` holds the answer of the model.${left}\nNext: ${next}\n`,
  );
}
