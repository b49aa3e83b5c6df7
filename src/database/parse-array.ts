export type ArrayText = readonly (string | null | ArrayText)[];

/** Reads the text form of a Postgres array: `{a,"b,c",NULL,{…}}`. */
export function parseArray(text: string): ArrayText {
  // Arrays with bounds of their own start with them: [2:3]={a,b}.
  let position = text.indexOf("{");

  function readList(): ArrayText {
    const list: (string | null | ArrayText)[] = [];
    position += 1;
    while (text[position] !== "}") {
      if (text[position] === ",") position += 1;
      list.push(text[position] === "{" ? readList() : text[position] === '"' ? readQuoted() : readBare());
    }
    position += 1;
    return list;
  }

  function readQuoted(): string {
    let value = "";
    for (position += 1; text[position] !== '"'; position += 1) {
      if (text[position] === "\\") position += 1;
      value += text[position];
    }
    position += 1;
    return value;
  }

  function readBare(): string | null {
    const start = position;
    while (text[position] !== "," && text[position] !== "}") position += 1;
    const value = text.slice(start, position);
    return value === "NULL" ? null : value;
  }

  return readList();
}
