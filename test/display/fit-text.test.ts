import { describe, expect, test } from "vitest";
import { cutText, fitParts, padText, textWidth, wrapText } from "../../src/display/fit-text.ts";

// Half a minute each while texts were measured as a whole.
const LONG = 200_000;

describe("long texts are cut and measured at once", () => {
  test.each([
    ["words", "word ".repeat(LONG / 5)],
    ["one word", "é".repeat(LONG)],
    ["emoji", "👩‍👩‍👧".repeat(LONG / 8)],
    ["marks without a width", `a${"\u0301".repeat(LONG)}`],
    ["lines", "two\n".repeat(LONG / 4)],
    ["colours", "\u001B[31mred\u001B[39m ".repeat(LONG / 14)],
  ])("%s", (_, text) => {
    expect(textWidth(cutText(text, 60))).toBeLessThanOrEqual(60);
    expect(textWidth(text)).toBeGreaterThan(0);
    expect(wrapText(text, 80).length).toBeGreaterThan(0);
    expect(wrapText(text, Number.POSITIVE_INFINITY)).toEqual(text.split("\n"));
    expect(padText(text, 10).startsWith(text)).toBe(true);
    expect(fitParts([text], 40).map(textWidth)[0]).toBeLessThanOrEqual(40);
  });
});

test.each([
  ["plain", 10, "plain"],
  ["plain", 5, "plain"],
  ["plain", 4, "pla…"],
  ["plain", 1, "…"],
  ["plain", 0, ""],
  ["潮汐海", 6, "潮汐海"],
  ["潮汐海", 5, "潮汐…"],
  ["潮汐海", 4, "潮…"],
  ["a👩‍👩‍👧b", 3, "a…"],
  ["", 0, ""],
])("%j in %i columns is %j", (text, width, expected) => expect(cutText(text, width)).toBe(expected));

test("words wrap at the width, and an indent is kept", () => {
  expect(wrapText("  one two three\nfour", 9)).toEqual(["  one two", "  three", "four"]);
});
