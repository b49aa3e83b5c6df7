import { sha256 } from "../core/hash.ts";
import type { AnyModel } from "./define-model.ts";

export interface CodeFingerprint {
  readonly source: string;
  readonly code: string;
}

export function createCodeFingerprints(_directory: string): {
  of(model: AnyModel, file: string | undefined): Promise<CodeFingerprint>;
} {
  return {
    async of(model) {
      const digest = sha256(model.run.toString());
      return { source: digest, code: digest };
    },
  };
}
