import { createInterface } from "node:readline/promises";
import { UsageError } from "../core/errors.ts";

/** Asks before something that cannot be undone; without a person the answer is no. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new UsageError("CONFIRMATION_NEEDED", `${question} There is no terminal to confirm on.`, {
      hint: "Add --yes to confirm.",
    });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} Type yes: `)).trim());
  } finally {
    prompt.close();
  }
}
