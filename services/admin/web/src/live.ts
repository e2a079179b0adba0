import { useEffect, useState } from "preact/hooks";
import type { Status } from "../../api/status.ts";

/** The box's status, live; `connected` is false while the stream is down, and it comes back by itself. */
export function useStatus(): {
  status: Status | undefined;
  connected: boolean;
} {
  const [status, setStatus] = useState<Status>();
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const events = new EventSource("/api/status/events");
    events.addEventListener("message", ({ data }) => {
      setStatus(JSON.parse(data) as Status);
      setConnected(true);
    });
    events.addEventListener("error", () => {
      setConnected(false);
      // A server that answers with an error closes the stream for good: the page then finds out why.
      if (events.readyState === EventSource.CLOSED)
        setTimeout(() => location.reload(), 5000);
    });
    return () => events.close();
  }, []);
  return { status, connected };
}
