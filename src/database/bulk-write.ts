import type { DatabaseClient } from "./connect.ts";
import { CopyIn, type CopyTarget } from "./copy-in.ts";
import { LinePacker } from "./line-packer.ts";

export interface CopyOptions extends CopyTarget {
  /** Lines in the text format of `COPY`, without newlines. */
  readonly lines: Iterable<string> | AsyncIterable<string>;
}

/**
 * Streams lines into a table with `COPY` and returns how many there were. An error of the server is thrown as it is;
 * when `lines` throws, the server takes nothing. The connection stays usable after both.
 */
export async function copyLines(client: DatabaseClient, { lines, ...target }: CopyOptions): Promise<number> {
  const copy = await CopyIn.open(client, target);
  const packer = new LinePacker();
  let rows = 0;
  const send = (message: Buffer) => copy.send(message, () => packer.recycle(message));

  try {
    // Awaiting each line of a plain iterable would cost more than encoding it.
    if (Symbol.iterator in lines) {
      for (const line of lines) {
        const full = packer.add(line);
        rows += 1;
        if (full !== undefined) await send(full);
        if (copy.hasEnded) break;
      }
    } else {
      for await (const line of lines) {
        const full = packer.add(line);
        rows += 1;
        if (full !== undefined) await send(full);
        if (copy.hasEnded) break;
      }
    }
    const rest = packer.take();
    if (rest !== undefined && !copy.hasEnded) await send(rest);
  } catch (error) {
    await copy.abort();
    throw error;
  }
  await copy.finish();
  return rows;
}
