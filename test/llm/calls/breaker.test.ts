import { expect, test } from "vitest";
import { Breaker, type Outage } from "../../../src/llm/calls/breaker.ts";

const signal = new AbortController().signal;

const fail = (breaker: Breaker, times: number) => {
  for (let time = 0; time < times; time += 1) breaker.failed("server");
};

test("a provider that fails now and then is called as ever", async () => {
  const breaker = new Breaker("openai");
  fail(breaker, 7);
  breaker.succeeded();
  fail(breaker, 7);
  expect(breaker.isOpen).toBe(false);
  expect(await breaker.pass({ signal })).toBe(false);
});

test("failures that say something of one call are no outage", () => {
  const breaker = new Breaker("openai");
  fail(breaker, 7);
  breaker.failed("bad_request");
  fail(breaker, 7);
  expect(breaker.isOpen).toBe(false);
});

test("when all calls fail one asks whether the provider is back, and the others wait for what it finds", async () => {
  const breaker = new Breaker("openai");
  fail(breaker, 8);
  const outages: Outage[] = [];
  const onOutage = (outage: Outage) => outages.push(outage);
  const passed: boolean[] = [];
  const calls = Array.from({ length: 5 }, async () => passed.push(await breaker.pass({ signal, onOutage })));
  await expect.poll(() => passed).toEqual([true]);
  expect(outages).toMatchObject([{ provider: "openai", nextTryMs: 1_000 }]);
  breaker.succeeded(onOutage);
  await Promise.all(calls);
  expect(passed).toEqual([true, false, false, false, false]);
  expect(outages.at(-1)).toMatchObject({ nextTryMs: undefined });
});

test("an outage that lasts too long ends the calls, and says what to do", async () => {
  const breaker = new Breaker("openai");
  fail(breaker, 8);
  await expect(breaker.pass({ signal, timeoutMs: 20 })).rejects.toMatchObject({
    code: "LLM_OUTAGE",
    isFatal: true,
    isOutside: true,
    message: expect.stringContaining("openai has not answered for") as string,
  });
});

test("whoever gives up waiting leaves the question to the next", async () => {
  const breaker = new Breaker("openai");
  fail(breaker, 8);
  const stop = new AbortController();
  const first = breaker.pass({ signal: stop.signal });
  const second = breaker.pass({ signal });
  stop.abort();
  await expect(first).rejects.toMatchObject({ kind: "aborted" });
  expect(await second).toBe(true);
});
