export const DOCUMENT_STATUSES = ["ready", "failed"] as const;

/** `failed`: the last sync could not read it; what is known of it comes from the last time it could. */
export type DocumentStatus = (typeof DOCUMENT_STATUSES)[number];

export const CONTENT_TYPES = ["text/markdown", "text/html", "text/plain"] as const;

export type DocumentContentType = (typeof CONTENT_TYPES)[number];
