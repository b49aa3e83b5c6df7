import { expect, test, vi } from "vitest";
import { LEASE_SECONDS } from "../../src/core/lease-seconds.ts";
import { createExecutorId } from "../../src/state/executor-id.ts";
import { Presence } from "../../src/state/presence.ts";
import { createTestProject } from "millrace/testing";

test("a server that answers late is asked for one renewal of the leases after the other", async () => {
  await using project = await createTestProject({ models: [], documents: {} });
  const database = await project.project.openDatabase();
  const warnings: string[] = [];
  const keep = ({ message }: Error) => warnings.push(message);
  process.on("warning", keep);
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    await using _presence = await Presence.open(database, createExecutorId());
    const waiting = async () =>
      (
        await database.query(
          "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'update %model_lease%'",
        )
      ).length;
    await database.transaction(async (client) => {
      await client.query("lock table millrace.model_lease in exclusive mode");
      vi.advanceTimersByTime(LEASE_SECONDS * 1_000);
      await vi.waitUntil(async () => (await waiting()) === 1, { timeout: 10_000 });
      vi.advanceTimersByTime(LEASE_SECONDS * 1_000);
    });
    await vi.waitUntil(async () => (await waiting()) === 0, { timeout: 10_000 });
    vi.advanceTimersByTime(LEASE_SECONDS * 1_000);
  } finally {
    vi.useRealTimers();
    process.off("warning", keep);
  }
  expect(warnings).toEqual([]);
});
