import { describe, expect, test } from "vitest";
import { textWidth } from "../../src/display/fit-text.ts";
import { renderTable } from "../../src/display/render-table.ts";
import { plainColors } from "./scripted-run.ts";

const columns = ["document_id", "position", "heading", "content", "tags"];
const rows = [
  ["1f0c", 1, "Tides", "The sea rises\nand falls about twice a day, and nobody asked it to.", ["sea", "moon"]],
  ["1f0c", 12, null, "潮汐是海水的周期性涨落", { deep: { er: true } }],
];

const table = (width: number, given = { columns, rows }) =>
  `\n${renderTable({ ...given, colors: plainColors, width }).join("\n")}\n`;

describe("rows", () => {
  test("stand in columns, cut where the terminal ends", () => {
    expect(table(80)).toMatchInlineSnapshot(`
      "
      document_id  position  heading  content                     tags
      1f0c                1  Tides    The sea rises\\nand falls …  ["sea","moon"]
      1f0c               12  –        潮汐是海水的周期性涨落      {"deep":{"er":true}}
      "
    `);
    for (const line of table(80).split("\n")) expect(textWidth(line)).toBeLessThanOrEqual(80);
  });

  test("become records where columns would say nothing", () => {
    expect(table(40)).toMatchInlineSnapshot(`
      "
      document_id  1f0c
      position     1
      heading      Tides
      content      The sea rises\\nand falls a…
      tags         ["sea","moon"]

      document_id  1f0c
      position     12
      heading      –
      content      潮汐是海水的周期性涨落
      tags         {"deep":{"er":true}}
      "
    `);
  });

  test("are not cut where a program reads them", () => {
    expect(table(Number.POSITIVE_INFINITY)).toContain("nobody asked it to.");
  });

  test("cannot steer the terminal", () => {
    const cell = table(80, { columns: ["a"], rows: [["\u001B[2Jgone\u0007"]] });
    expect(cell).toContain("\\u001b[2Jgone\\u0007");
  });

  test("fit every width", () => {
    for (let width = 30; width < 140; width += 1) {
      for (const line of table(width).split("\n")) expect(textWidth(line)).toBeLessThanOrEqual(width);
    }
  });
});
