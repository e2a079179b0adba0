/** Lets many who ask cost one question. @param milliseconds for which an answer counts, from when it was asked for */
export function remembered<T>(
  milliseconds: number,
  ask: () => Promise<T>,
): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined;
  return async () => {
    const now = performance.now();
    if (!last || now > last.at + milliseconds)
      last = { at: now, answer: ask() };
    return await last.answer;
  };
}
