import { expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, runCli } from "./run-cli.ts";

test("documents are chosen on the command line by what they speak of", async () => {
  await using folder = await createFolder();
  await using own = await createTestDatabase();
  await using database = new Database({ url: own.url });
  const millrace = (...args: string[]) => runCli(args, { cwd: folder.path, env: { DATABASE_URL: own.url } });
  await millrace("init", ".");
  expect((await millrace("run")).code).toBe(0);
  await database.query(`
    create table document_clusters as select id as document_id, 'Tides' as cluster_name from millrace.documents order by path limit 1;
    create table entities (entity_id, entity_type, canonical_name) as values ('1', 'product', 'Tide Ledger'), ('2', 'place', 'Hamburg');
    create table document_entities as select document_id, '1' as entity_id from document_clusters;
    create table entity_relationships as select '1' as source_entity_id, 'runs_in' as relationship_type,
      '2' as target_entity_id, jsonb_build_array(document_id) as document_ids from document_clusters`);
  const [one] = await database.query<{ id: string }>("select document_id as id from document_clusters");

  for (const filter of [
    ["--in-cluster", "Tides"],
    ["--with-entity", "product:Tide Ledger"],
    ["--with-relationship", "Tide Ledger:runs_in:Hamburg"],
  ]) {
    const { stdout } = await millrace("documents", "ls", ...filter, "--json");
    expect(
      (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id),
      filter[0],
    ).toEqual([one?.id]);
  }
  const run = await millrace("run", "--with-entity", "product:Tide Ledger", "--full-refresh", "--json");
  expect(run.stdout).toContain('"unitsDone":1');
  expect(await millrace("run", "--with-entity", "product:Tide Legder")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean "product:Tide Ledger"?') as string,
  });
});
