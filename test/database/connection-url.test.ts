import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { describeUrl, parseConnectionUrl } from "../../src/database/connection-url.ts";

afterEach(() => vi.unstubAllEnvs());

const authority = fileURLToPath(import.meta.url);
const ssl = (query: string) => {
  const { connection, otherSsl } = parseConnectionUrl(`postgres://me:secret@db.example/app?${query}`);
  return { ssl: connection.ssl, otherSsl };
};

test.each(["", "uselibpqcompat=false"])(
  "without sslmode, encryption is what is tried when the server insists: %s",
  (query) => {
    expect(ssl(query)).toEqual({ ssl: false, otherSsl: { rejectUnauthorized: false } });
  },
);

test("sslmode means what it means to psql", () => {
  const warnings: unknown[] = [];
  const keep = (warning: unknown) => warnings.push(warning);
  process.on("warning", keep);
  const trusting = { rejectUnauthorized: false };
  expect(ssl("sslmode=disable")).toEqual({ ssl: false, otherSsl: undefined });
  expect(ssl("sslmode=prefer")).toEqual({ ssl: trusting, otherSsl: false });
  for (const query of ["sslmode=require", "ssl=true", "sslmode=no-verify", "sslnegotiation=direct"])
    expect(ssl(query)).toEqual({ ssl: trusting, otherSsl: undefined });
  expect(ssl("sslmode=verify-full")).toEqual({ ssl: {}, otherSsl: undefined });
  expect(ssl("sslmode=verify-full&sslrootcert=system")).toEqual({ ssl: {}, otherSsl: undefined });
  const known = { ca: readFileSync(authority, "utf8"), checkServerIdentity: expect.any(Function) as unknown };
  for (const mode of ["require", "verify-ca"])
    expect(ssl(`sslmode=${mode}&sslrootcert=${authority}`)).toEqual({ ssl: known, otherSsl: undefined });
  vi.stubEnv("PGSSLMODE", "require");
  expect(ssl("")).toEqual({ ssl: trusting, otherSsl: undefined });
  process.off("warning", keep);
  expect(warnings).toEqual([]);
});

test.each([
  "sslmode=maybe",
  "ssl=maybe",
  "sslmode=verify-ca",
  "sslmode=prefer&sslnegotiation=direct",
  "sslrootcert=/nowhere/root.crt",
])("refuses %s in a sentence without the password", (query) => {
  expect(() => ssl(query)).toThrow(
    expect.objectContaining({
      code: "DATABASE_URL_INVALID",
      message: expect.not.stringContaining("secret") as string,
    }) as Error,
  );
});

test("names a database by host, port and name", () => {
  expect(describeUrl("postgres://me:secret@db.example/app?schema=x")).toBe("db.example:5432/app");
  expect(describeUrl("postgresql:///app?host=/var/run/postgresql&port=6432")).toBe("/var/run/postgresql:6432/app");
});
