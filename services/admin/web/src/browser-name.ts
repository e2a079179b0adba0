/** What a browser says that it is (User-Agent), in words, such as: Firefox on Android. */
export function browserName(agent: string): string {
  const first = (names: readonly (readonly [RegExp, string])[]): string =>
    names.find(([pattern]) => pattern.test(agent))?.[1] ?? "";
  // Each calls itself by the names of those before it, so the latest come first.
  const browser = first([
    [/Edg(A|iOS)?\//, "Edge"],
    [/OPR\/|Opera/, "Opera"],
    [/SamsungBrowser\//, "Samsung Internet"],
    [/Firefox\/|FxiOS\//, "Firefox"],
    [/Chrome\/|CriOS\//, "Chrome"],
    [/Safari\//, "Safari"],
    [/^curl\//, "curl"],
  ]);
  const system = first([
    [/Android/, "Android"],
    [/iPhone/, "an iPhone"],
    [/iPad/, "an iPad"],
    [/Windows/, "Windows"],
    [/Mac OS X|Macintosh/, "a Mac"],
    [/CrOS/, "ChromeOS"],
    [/Linux/, "Linux"],
  ]);
  if (browser && system) return `${browser} on ${system}`;
  return browser || (agent === "" ? "A program" : agent.slice(0, 40));
}
