import { z } from "zod";

/** Something outside that uses models: a dashboard, an application, a notebook. */
export const exposureSchema = z.strictObject({
  name: z.string().regex(/^\w+$/, "expected letters, digits and underscores"),
  type: z.enum(["dashboard", "notebook", "analysis", "ml", "application"]),
  owner: z.strictObject({ name: z.string().optional(), email: z.string().optional() }),
  /** Models by name, or tables that no model fills. */
  dependsOn: z.array(z.string()).default([]),
  description: z.string().default(""),
  label: z.string().optional(),
  url: z.string().optional(),
  maturity: z.enum(["high", "medium", "low"]).optional(),
  tags: z.array(z.string()).default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
});

export type Exposure = z.output<typeof exposureSchema>;

/** An exposure as it is declared. */
export type ExposureInput = z.input<typeof exposureSchema>;
