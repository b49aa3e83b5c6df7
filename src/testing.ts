export { offlineLlm } from "./llm/offline-llm.ts";
export { executeModel } from "./testing/execute-model.ts";
export type { ExecuteOptions } from "./testing/execute-model.ts";
export { createTestProject } from "./testing/create-test-project.ts";
export type { TestProject, TestProjectOptions } from "./testing/create-test-project.ts";
export type { RowDifference } from "./testing/compare-rows.ts";
export { unitTest, UnitTestError } from "./testing/unit-test.ts";
export type { UnitTest, UnitTestDeclaration } from "./testing/unit-test.ts";
