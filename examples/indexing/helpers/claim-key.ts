import { shortHash } from "./entity-key.ts";

const plain = (statement: string) => statement.trim().replace(/\s+/g, " ").toLowerCase();

/** Equal for what one document says several times. */
export function claimHash(statement: string, claimType: string, documentId: string): string {
  return shortHash(`${plain(statement)}|${claimType}|${documentId}`);
}

/** Equal for statements that differ in case and blanks only; also the id of the claim that is stated so. */
export function statementIdOf(statement: string): string {
  return shortHash(plain(statement));
}
