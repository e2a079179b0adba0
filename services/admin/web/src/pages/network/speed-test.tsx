import { Gauge } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Network } from "../../../../../host/client.ts";
import type { Speed } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { Fact, Notice, Spinner } from "../../ui.tsx";
import type { Edit } from "../network.tsx";

/** What of a measured rate the queues are given, so that they form here and not at the provider. */
const part = 0.95;

/** Measures the line with friends' boxes, and offers what was measured to the queues. */
export function SpeedTest({
  wan: { upload, download },
  edit,
}: {
  wan: Network["wan"];
  edit: Edit;
}) {
  const [running, setRunning] = useState(false);
  const [speed, setSpeed] = useState<Speed>();
  const [problem, setProblem] = useState<string>();
  const measure = async (): Promise<void> => {
    setRunning(true);
    setProblem(undefined);
    try {
      setSpeed(await api<Speed>("POST", "/network/speed", {}));
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setRunning(false);
    }
  };
  const helpers = (speed?.friends ?? []).filter(
    ({ down, up }) => down > 0 || up > 0,
  );
  return (
    <>
      <div class="actions start">
        <button type="button" disabled={running} onClick={measure}>
          <Gauge size={18} aria-hidden="true" /> Measure the line with friends'
          boxes
        </button>
      </div>
      {running && <Spinner label="The line is full for about 20 seconds" />}
      {problem && <Notice kind="error">{problem}</Notice>}
      <div role="status">
        {speed && (
          <>
            {speed.friends.map(
              (one) =>
                one.problem && (
                  <Notice key={one.name} kind="info">
                    {one.problem}
                  </Notice>
                ),
            )}
            {helpers.length > 0 && (
              <>
                <dl class="facts">
                  <Fact name="Download">{megabits(speed.down)}</Fact>
                  <Fact name="Upload">{megabits(speed.up)}</Fact>
                  <Fact name="Answers">{answers(speed)}</Fact>
                </dl>
                <p class="quiet-text">
                  With {helpers.map(({ name }) => name).join(", ")}; it is no
                  more than their lines carry
                  {(upload ?? download) === null
                    ? ""
                    : ", and than the limits here let through"}
                  .
                </p>
                <div class="actions start">
                  <button
                    type="button"
                    onClick={() =>
                      edit((draft) => {
                        draft.wan.upload = queueRate(speed.up);
                        draft.wan.download = queueRate(speed.down);
                      })
                    }
                  >
                    Keep queues short by what was measured
                  </button>
                </div>
              </>
            )}
          </>
        )}
      </div>
    </>
  );
}

/** kbit/s for the queues, in steps that are not more exact than the measurement. @param rate bytes a second */
function queueRate(rate: number): number | null {
  const kilobits = ((rate * 8) / 1000) * part;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(kilobits)) - 2);
  return kilobits < 64
    ? null
    : Math.min(10_000_000, Math.floor(kilobits / step) * step);
}

function megabits(rate: number): string {
  if (rate === 0) return "not measured";
  const value = (rate * 8) / 1e6;
  return `${value.toFixed(value < 10 ? 1 : 0)} Mbit/s`;
}

function answers({ idle, full }: Speed): string {
  const time = (value: number | null): string =>
    value === null ? "?" : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return `after ${time(idle)}, and after ${time(full)} while the line is full`;
}
