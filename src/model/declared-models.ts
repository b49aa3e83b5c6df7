const listeners = new Set<(name: string) => void>();

/** Called by whatever defines a model. */
export function noteDeclared(name: string): void {
  for (const listener of listeners) listener(name);
}

/** Does `work` and gives the names of all models that were defined meanwhile, exported or not. */
export async function withDeclared<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly declared: ReadonlySet<string> }> {
  const declared = new Set<string>();
  const listener = (name: string) => void declared.add(name);
  listeners.add(listener);
  try {
    return { result: await work(), declared };
  } finally {
    listeners.delete(listener);
  }
}
