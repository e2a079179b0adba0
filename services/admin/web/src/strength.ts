/** How hard a password is to guess, 0 to 4, and what would make it better. */
export interface Strength {
  score: 0 | 1 | 2 | 3 | 4;
  advice: string;
}

let estimator:
  | Promise<(password: string, name: string) => Strength>
  | undefined;

/** Estimates a password's strength with zxcvbn, which is loaded when it is first needed. */
export async function strengthOf(
  password: string,
  name: string,
): Promise<Strength> {
  estimator ??= (async () => {
    const [{ ZxcvbnFactory }, common, english] = await Promise.all([
      import("@zxcvbn-ts/core"),
      import("@zxcvbn-ts/language-common"),
      import("@zxcvbn-ts/language-en"),
    ]);
    const zxcvbn = new ZxcvbnFactory({
      translations: english.translations,
      graphs: common.adjacencyGraphs,
      dictionary: { ...common.dictionary, ...english.dictionary },
    });
    return (text, user) => {
      const { score, feedback } = zxcvbn.check(text.slice(0, 128), [
        user,
        "coppice",
      ]);
      return {
        score,
        advice: feedback.warning ?? feedback.suggestions[0] ?? "",
      };
    };
  })();
  return (await estimator)(password, name);
}
