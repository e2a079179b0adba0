import { ListTodo } from "lucide-preact";
import { useCallback, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task } from "../../api/tasks.ts";
import { api } from "./api.ts";
import { duration } from "./format.ts";
import { usePolling } from "./live.ts";
import { Bar, Card, Notice } from "./ui.tsx";

const period = 3000;

/** What the box is doing that takes a while; nothing where it does nothing of the kind. */
export function Tasks() {
  const [tasks, setTasks] = useState<Task[]>([]);
  const refresh = useCallback(async (): Promise<void> => {
    // A box that does not answer is what the page itself tells of.
    const told = await api<Task[]>("GET", "/tasks").catch(() => null);
    if (told) setTasks(told);
  }, []);
  usePolling(refresh, period);
  const [problem, setProblem] = useState<string>();
  const stop = async (id: string): Promise<void> => {
    try {
      await api("POST", `/tasks/${encodeURIComponent(id)}/stop`);
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
    await refresh();
  };
  if (tasks.length === 0) return null;
  return (
    <Card title="What the box is doing" Icon={ListTodo}>
      {problem && <Notice kind="error">{problem}</Notice>}
      <ul class="tasks">
        {tasks.map(({ id, words, done, left, page, stoppable }) => (
          <li key={id}>
            <div class="task-head">
              <Link href={page}>{words}</Link>
              <span class="quiet-text">
                {[
                  done !== null && `${Math.floor(100 * done)} %`,
                  left !== null && `${duration(left)} to go`,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
              {stoppable && (
                <button
                  type="button"
                  aria-label={`Stop: ${words}`}
                  onClick={() => void stop(id)}
                >
                  Stop
                </button>
              )}
            </div>
            {done !== null && <Bar value={done} of={1} label={words} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}
