import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { DatabaseClient } from "../src/database/connect.ts";
import { copyLines } from "../src/database/bulk-write.ts";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";

const run = promisify(execFile);

const hasPsql = await run("psql", ["--version"]).then(
  () => true,
  () => false,
);

/** Statements as they went over the wire, to be run again by something else. */
export class Recording {
  readonly statements: string[] = [];

  /** Passes everything on to `client` and writes it down. */
  watch(client: DatabaseClient): DatabaseClient {
    const statements = this.statements;
    return new Proxy(client, {
      get(target, name) {
        if (name !== "query") return Reflect.get(target, name, target) as unknown;
        return (query: unknown, values?: readonly unknown[]) => {
          if (typeof query === "string") statements.push(inline(query, values ?? []));
          else statements.push("COPY");
          return (target.query as (...all: unknown[]) => unknown).call(target, query, values);
        };
      },
    });
  }
}

function inline(query: string, values: readonly unknown[]): string {
  const quote = (value: unknown): string =>
    Array.isArray(value) ? `array[${value.map(quote).join(", ")}]::text[]` : `'${String(value).replaceAll("'", "''")}'`;
  return query.replace(/\$(\d+)/g, (_, position: string) => quote(values[Number(position) - 1]));
}

export interface FloorOptions {
  readonly url: string;
  readonly client: DatabaseClient;
  readonly statements: readonly string[];
  readonly copy: { readonly into: string; readonly columns: readonly string[]; readonly file: string };
  readonly script: string;
}

/** The same statements and the same lines, ready made, through `psql`; without it through a connection. */
export async function runFloor({ url, client, statements, copy, script }: FloorOptions): Promise<void> {
  if (!hasPsql) {
    await client.query("begin");
    for (const statement of statements) {
      if (statement === "COPY")
        await copyLines(client, { ...copy, lines: createInterface({ input: createReadStream(copy.file) }) });
      else await client.query(statement);
    }
    await client.query("commit");
    return;
  }
  const copyCommand = `\\copy ${copy.into} (${copy.columns.join(", ")}) from '${copy.file}'`;
  const lines = statements.map((statement) =>
    statement === "COPY" ? copyCommand : `${statement.replaceAll(/\s*\n\s*/g, " ")};`,
  );
  await writeFile(script, ["begin;", ...lines, "commit;"].join("\n"));
  await run("psql", [url, "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-f", script], {
    env: { ...process.env, PGOPTIONS: "-c client_min_messages=warning" },
  });
}
