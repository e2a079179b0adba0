import { useState } from "preact/hooks";
import type { Found, Look } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { Choice } from "../../choice.tsx";
import { Fact, Field, Form } from "../../ui.tsx";

/** Ping, the path to somewhere, and what a name stands for: as the box sees it. */
export function Tools() {
  const [tool, setTool] = useState<Look["tool"]>("ping");
  const [target, setTarget] = useState("");
  const [found, setFound] = useState<Found>();
  return (
    <>
      <Form
        action="Look"
        submit={async () => {
          setFound(undefined);
          setFound(
            await api<Found>("POST", "/network/look", {
              tool,
              target: target.trim(),
            }),
          );
        }}
      >
        <Choice
          label="What?"
          value={tool}
          options={{
            ping: "whether it answers (ping)",
            path: "the way there (traceroute)",
            names: "what its name stands for (DNS)",
          }}
          change={setTool}
        />
        <Field
          label="Name or address"
          required
          autocapitalize="none"
          spellcheck={false}
          maxLength={253}
          value={target}
          onInput={({ currentTarget: { value } }) => setTarget(value)}
        />
      </Form>
      <div role="status">{found && <Answer found={found} />}</div>
    </>
  );
}

const ms = (time: number): string => `${time.toFixed(time < 10 ? 1 : 0)} ms`;

function Answer({ found }: { found: Found }) {
  if (found.tool === "ping") {
    const { sent, answers, address } = found;
    if (answers.length === 0) return <p>None of {sent} pings was answered.</p>;
    const sum = answers.reduce((total, one) => total + one, 0);
    return (
      <dl class="facts">
        <Fact name="Address">
          <span class="mono">{address}</span>
        </Fact>
        <Fact name="Answers">
          {answers.length} of {sent}
        </Fact>
        <Fact name="Time there and back">
          {ms(sum / answers.length)} ({ms(Math.min(...answers))} to{" "}
          {ms(Math.max(...answers))})
        </Fact>
      </dl>
    );
  }
  if (found.tool === "path")
    return (
      <ol class="files">
        {found.hops.map(({ address, time }, index) => (
          <li key={index} class="file-line">
            <span class="grow mono">{address ?? "does not answer"}</span>
            {time !== null && <span class="quiet-text">{ms(time)}</span>}
          </li>
        ))}
      </ol>
    );
  if (found.records.length === 0)
    return <p>The name is there, and has no such records.</p>;
  return (
    <ul class="files">
      {found.records.map(({ type, value }) => (
        <li key={`${type} ${value}`} class="file-line wraps">
          <span class="badge">{type}</span>
          <span class="grow mono">{value}</span>
        </li>
      ))}
    </ul>
  );
}
