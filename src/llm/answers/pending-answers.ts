const pending = new Map<Promise<unknown>, string>();

/** Remembers what a run has asked until it is answered and kept, also when its unit has been given up meanwhile. */
export async function whilePending<Answer>(runId: string | undefined, asking: Promise<Answer>): Promise<Answer> {
  if (runId === undefined) return asking;
  pending.set(asking, runId);
  try {
    return await asking;
  } finally {
    pending.delete(asking);
  }
}

/** Waits for what a run has asked. */
export async function pendingAnswers(runId: string): Promise<void> {
  await Promise.allSettled([...pending].filter(([, run]) => run === runId).map(([asking]) => asking));
}
