import { useEffect, useState } from "preact/hooks";
import type { Status } from "../../api/status.ts";

/** Asks now, and again and again while the page is there. @param refresh stays the same function. @param period milliseconds */
export function usePolling(refresh: () => Promise<void>, period: number): void {
  useEffect(() => {
    void refresh();
    const timer = setInterval(refresh, period);
    return () => clearInterval(timer);
  }, [refresh, period]);
}

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
