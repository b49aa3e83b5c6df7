import { expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { withCancel } from "../../src/database/cancel-query.ts";
import { createEmptyDatabase } from "../support/test-database.ts";

test("a cancellation that comes just before the first statement is not lost", async () => {
  await using own = await createEmptyDatabase();
  await using database = new Database({ url: own.url });
  const controller = new AbortController();
  const { signal } = controller;
  let calls = 0;
  await database.use(async (client) => {
    const running = withCancel({ database, client, signal }, async () => void (calls += 1));
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
  });
  expect(calls).toBe(0);
});
