/** A problem document (RFC 9457) as an error; its message says what to do. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly status: number;
  readonly type: string;
  readonly retryAfter: number | undefined;
  constructor(problem: {
    status: number;
    type: string;
    detail: string;
    retryAfter?: number | undefined;
  }) {
    super(problem.detail);
    this.status = problem.status;
    this.type = problem.type;
    this.retryAfter = problem.retryAfter;
  }
}

/** Calls the API and returns its JSON. @throws ProblemError, also where the box does not answer. */
export async function api<T = undefined>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      ...(body === undefined
        ? {}
        : {
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          }),
    });
  } catch {
    throw offline();
  }
  if (answer.ok)
    return (
      answer.status === 204 || answer.status === 202
        ? undefined
        : await answer.json()
    ) as T;
  throw await problemOf(answer.status, await answer.text());
}

function offline(): ProblemError {
  return new ProblemError({
    status: 0,
    type: "offline",
    detail:
      "The box does not answer. Check that you are on its network; this page tries again by itself.",
  });
}

function problemOf(status: number, text: string): ProblemError {
  try {
    return new ProblemError(
      JSON.parse(text) as ProblemError & { detail: string },
    );
  } catch {
    return new ProblemError({
      status,
      type: "about:blank",
      detail: `The box answered with an error (${status}). Try again.`,
    });
  }
}

/** Uploads one file to a path. @param route that takes it. @param onProgress is given the bytes that have left. @throws ProblemError, DOMException where `signal` aborts. */
export async function upload(
  path: string,
  file: File,
  route: string,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const call = new XMLHttpRequest();
  call.open(
    "PUT",
    `${route}?${new URLSearchParams({ path, modified: String(file.lastModified) })}`,
  );
  call.setRequestHeader("content-type", "application/octet-stream");
  call.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
  call.addEventListener("load", () =>
    call.status < 400
      ? resolve()
      : reject(problemOf(call.status, call.responseText)),
  );
  call.addEventListener("error", () => reject(offline()));
  call.addEventListener("abort", () =>
    reject(new DOMException("cancelled", "AbortError")),
  );
  signal.addEventListener("abort", () => call.abort(), { once: true });
  call.send(file);
  await promise;
}
