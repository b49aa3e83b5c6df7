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
    model: { type: "positional", required: true, description: "A model that asks a language model" },
    ...projectArgs,
    count: { type: "string", alias: "n", valueHint: "n", default: "20", description: "Units, always the same ones" },
    signature: { type: "string", valueHint: "name", description: "Which one, for a model that asks several" },
    out: { type: "string", valueHint: "file", description: "A file; standard output unless given" },
  },
  examples: [
    ["llm label docs.topics -n 50 --out rows.jsonl", "examples of what it asks and was answered, to be corrected"],
  ],
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
  const left = skipped === 0 ? "" : ` ${plural(skipped, "unit")} had no kept answer.`;
  process.stderr.write(
    `${plural(rows.length, "example")} to correct: \`expected\` holds what the model answered.${left}\nNext: ${next}\n`,
  );
}
