import { FitAddon } from "@xterm/addon-fit";
import { Terminal as Xterm } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { SquareTerminal } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.ts";
import { Form, Notice, PasswordField } from "../ui.tsx";
import { withoutStyleElements } from "./terminal-styles.ts";

/** A shell on the box, for the owner who types the password once more. */
export function Terminal() {
  const [open, setOpen] = useState(false);
  const [ended, setEnded] = useState<string>();
  const [password, setPassword] = useState("");
  if (open)
    return (
      <Shell
        end={(why) => {
          setOpen(false);
          setEnded(why);
        }}
      />
    );
  return (
    <>
      <div class="page-head">
        <h1>Terminal</h1>
      </div>
      <div class="card narrow-card">
        {ended && <Notice kind="info">{ended}</Notice>}
        <p>
          This is a root shell on the box. The system itself is read-only, but
          from here your files and settings can be harmed. Type your password to
          go on.
        </p>
        <Form
          action="Open the terminal"
          icon={<SquareTerminal size={18} aria-hidden="true" />}
          submit={async () => {
            await api("POST", "/terminal", { password });
            setPassword("");
            setOpen(true);
          }}
        >
          <PasswordField
            label="Password"
            value={password}
            change={setPassword}
          />
        </Form>
      </div>
    </>
  );
}

function Shell({ end }: { end: (why: string) => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const terminal = new Xterm({
      fontFamily: "ui-monospace, 'DejaVu Sans Mono', monospace",
      fontSize: 14,
      cursorBlink: true,
      theme: {
        background: "#12170f",
        foreground: "#e4ead9",
        cursor: "#a8d26d",
      },
      screenReaderMode: true,
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    withoutStyleElements(() => terminal.open(element));
    fit.fit();
    const socket = new WebSocket(`wss://${location.host}/api/terminal`);
    const resize = (): void => {
      fit.fit();
      if (socket.readyState === socket.OPEN)
        socket.send(`\u0001${terminal.cols}x${terminal.rows}`);
    };
    socket.addEventListener("open", () => {
      resize();
      terminal.focus();
    });
    socket.addEventListener("message", ({ data }) =>
      terminal.write(String(data)),
    );
    socket.addEventListener("close", ({ reason }) =>
      end(
        reason
          ? `The terminal closed: ${reason}.`
          : "The connection to the terminal was lost.",
      ),
    );
    terminal.onData(
      (data) => socket.readyState === socket.OPEN && socket.send(data),
    );
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    return () => {
      observer.disconnect();
      socket.close();
      terminal.dispose();
    };
  }, []);
  return <div class="shell" ref={place} />;
}
