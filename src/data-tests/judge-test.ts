import type { AnyDataTest } from "../model/any-model.ts";

/** `errored`: the query itself did not work. `skipped`: a table it reads was not brought up to date. */
export type TestStatus = "passed" | "warned" | "failed" | "errored" | "skipped";

/** What so many failing rows mean. */
export function judgeTest(test: Pick<AnyDataTest, "severity" | "warnIf" | "errorIf">, failures: number): TestStatus {
  if (test.severity === "error" && failures >= test.errorIf) return "failed";
  return failures >= test.warnIf ? "warned" : "passed";
}

/** True when it fails the model that it is about. */
export function isFailure(status: TestStatus): boolean {
  return status === "failed" || status === "errored";
}
