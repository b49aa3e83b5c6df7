import { describe, expect, test } from "vitest";
import {
  exactJson,
  findRepeatedKey,
  JsonNumber,
  parseJson,
  parseJsonAsWritten,
  storableJson,
  withoutSpelling,
} from "../../src/core/json.ts";

const exact = (text: string) => new JsonNumber(text);

describe("numbers of a JSON text", () => {
  test.each([
    ["9007199254740993", exact("9007199254740993")],
    ["-9007199254740993", exact("-9007199254740993")],
    ["12345678901234567890.12", exact("12345678901234567890.12")],
    ["0.1234567890123456789", exact("0.1234567890123456789")],
    ["1e400", exact("1e400")],
    ["1e-400", exact("1e-400")],
    ["9007199254740992", 9007199254740992],
    ["1000000000000000000000", 1e21],
    ["0.30000000000000004", 0.30000000000000004],
    // As C prints the double that is 0.1.
    ["0.10000000000000001", 0.1],
    ["1.10", 1.1],
    ["1E3", 1000],
    ["-0", -0],
  ])("%s stays what it is", (text, value) => {
    expect(parseJson(text)).toEqual(value);
    expect(parseJson(`{"a": [1, ${text}], "b": "x"}`)).toEqual({ a: [1, value], b: "x" });
  });

  test.each(["1.10", "1.0", "1e3", "-0", "9007199254740993", "12345678901234567890.12"])(
    "%s keeps its spelling where that counts",
    (text) => {
      const read = parseJsonAsWritten(`{"a": ${text}, "b": 12}`) as { a: unknown; b: unknown };
      expect({ a: String(read.a), b: read.b }).toEqual({ a: text, b: 12 });
      expect(withoutSpelling(read)).toEqual({ a: parseJson(text), b: 12 });
    },
  );

  test("texts with numbers in them are texts", () => {
    const value = { 'say "9007199254740993"': 'C:\\9007199254740993\\" 1.10, 2.20' };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
    expect(parseJsonAsWritten(JSON.stringify([value, 1]))).toEqual([value, 1]);
    expect(parseJson('"\\\\" ')).toBe("\\");
  });

  test.each(["01234567890123456789", "1.e5", "+9007199254740993", '{"a": 9007199254740993', "9007199254740993 1", ""])(
    "%j is an error, as elsewhere",
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
      expect(() => parseJsonAsWritten(text)).toThrow(SyntaxError);
    },
  );

  test("a key cannot change what an object is", () => {
    const read = parseJson('{"__proto__": {"x": 9007199254740993}}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(exactJson(read)).toBe('{"__proto__":{"x":9007199254740993}}');
  });

  test("calculate and compare as their digits do", () => {
    const big = exact("9007199254740993");
    expect(String(big)).toBe("9007199254740993");
    expect(BigInt(String(big)) - 1n).toBe(9007199254740992n);
    expect(Number(big)).toBe(9007199254740992);
    expect((big as unknown as number) > 5).toBe(true);
    expect(JSON.stringify({ big })).toBe('{"big":"9007199254740993"}');
  });
});

test("every digit is written again, beside texts that Postgres can store", () => {
  const json = '{"a":9007199254740993,"b":[12345678901234567890.12,"1"]}';
  expect(exactJson(parseJson(json))).toBe(json);
  expect(exactJson({ a: 9007199254740993n, b: exact("1.10") })).toBe('{"a":9007199254740993,"b":1.10}');
  expect(storableJson({ a: 9007199254740993n, b: exact("1e400"), c: "\0" })).toBe(
    '{"a":9007199254740993,"b":1e400,"c":"\uFFFD"}',
  );
});

test.each([
  ['{"a": 1, "b": {"a": 2}, "c": [{"b": 1}]}', undefined],
  ['{"a": 1, "\\u0061": 2}', "a"],
  ['{"a": "b", "b" : "a", "b":1}', "b"],
  ['["a", "a"]', undefined],
  ["1", undefined],
])("of %s the key that is there twice is %j", (json, key) => expect(findRepeatedKey(json)).toBe(key));

test("fifty megabytes are read in one go", () => {
  const text = `{"text": "${'\\"line 1.10\\n'.repeat(4_000_000)}", "n": 9007199254740993}`;
  expect(String((parseJson(text) as { n: unknown }).n)).toBe("9007199254740993");
});
