/**
 * How long a process may be silent before others take its work over, in seconds: its leases run out and its open
 * transactions end. Long enough for an event loop that is busy.
 */
export const LEASE_SECONDS = Number(process.env["MILLRACE_LEASE_SECONDS"] ?? 30);
