declare module "html-to-text" {
  export interface HtmlNode {
    readonly type: string;
    readonly name?: string;
    readonly data?: string;
    readonly children?: readonly HtmlNode[];
  }

  interface BlockOptions {
    readonly leadingLineBreaks?: number;
    readonly trailingLineBreaks?: number;
  }

  export interface TextBuilder {
    readonly metadata: unknown;
    openBlock(options?: BlockOptions): void;
    closeBlock(options?: BlockOptions): void;
    addInline(text: string): void;
    openTable(): void;
    openTableRow(): void;
    openTableCell(): void;
    closeTableCell(): void;
    closeTableRow(): void;
    closeTable(
      options: BlockOptions & { tableToString: (rows: readonly (readonly { text: string }[])[]) => string },
    ): void;
  }

  type Walk = (nodes: readonly HtmlNode[] | undefined, builder: TextBuilder) => void;
  export type Formatter = (node: HtmlNode, walk: Walk, builder: TextBuilder) => void;

  export function compile(options: {
    readonly wordwrap?: number | false;
    readonly limits?: { readonly maxInputLength?: number; readonly maxDepth?: number };
    readonly formatters?: Readonly<Record<string, Formatter>>;
    readonly selectors?: readonly {
      readonly selector: string;
      readonly format?: string;
      readonly options?: Readonly<Record<string, unknown>>;
    }[];
  }): (html: string, metadata?: unknown) => string;
}
