import { ListTodo } from "lucide-preact";
import { useCallback, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task } from "../../api/tasks.ts";
import { api } from "./api.ts";
import { duration } from "./format.ts";
import { usePolling } from "./live.ts";
import { Bar, Card } from "./ui.tsx";

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
  if (tasks.length === 0) return null;
  return (
    <Card title="What the box is doing" Icon={ListTodo}>
      <ul class="tasks">
        {tasks.map(({ id, words, done, left, page }) => (
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
            </div>
            {done !== null && <Bar value={done} of={1} label={words} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}
