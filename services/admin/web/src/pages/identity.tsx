import {
  Cpu,
  Fingerprint,
  KeyRound,
  ListChecks,
  ScanSearch,
  ShieldCheck,
} from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { renderSVG } from "uqr";
import type {
  IdentityState,
  TimedReport,
  TpmState,
} from "../../../../identity/client.ts";
import { api } from "../api.ts";
import { duration, moment } from "../format.ts";
import { Card, Fact, Form, Notice, PasswordField, Spinner } from "../ui.tsx";
import { Boot } from "./identity/boot.tsx";
import { Keys } from "./identity/keys.tsx";
import { Trust } from "./identity/trust.tsx";

/** Who this box is, what it booted, and whom it accepts. */
export function Identity() {
  const [state, setState] = useState<IdentityState>();
  const [tpm, setTpm] = useState<TpmState | null>(null);
  const [report, setReport] = useState<TimedReport>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const attest = useCallback(async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      setReport(await api<TimedReport>("POST", "/identity/attest", {}));
    } catch (error) {
      setReport(undefined);
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  }, []);
  const refresh = useCallback(async () => {
    try {
      const fresh = await api<IdentityState>("GET", "/identity");
      setState(fresh);
      setTpm((await api<{ tpm: TpmState | null }>("GET", "/status")).tpm);
      if (fresh.state === "whole") await attest();
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [attest]);
  useEffect(() => void refresh(), [refresh]);
  return (
    <>
      <div class="page-head">
        <h1>Identity</h1>
        <button
          type="button"
          class="primary"
          disabled={busy || state?.state !== "whole"}
          onClick={attest}
        >
          {busy ? (
            <Spinner label="Attesting" />
          ) : (
            <>
              <ScanSearch size={18} aria-hidden="true" /> Attest now
            </>
          )}
        </button>
      </div>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!state && !problem && <Spinner label="Loading" />}
      {state && state.state !== "whole" && (
        <Lost state={state} refresh={refresh} />
      )}
      {state && (
        <div class="columns">
          <div class="column">
            <Card title="This box" Icon={Fingerprint}>
              <Peer state={state} />
            </Card>
            <Card title="What it booted" Icon={ListChecks}>
              {report ? (
                <Boot report={report} />
              ) : busy ? (
                <Spinner label="Asking the TPM" />
              ) : (
                <p>Nothing is proved yet.</p>
              )}
            </Card>
            <Card title="Whom this box accepts" Icon={ShieldCheck}>
              <Trust />
            </Card>
          </div>
          <div class="column">
            <Card title="TPM" Icon={Cpu}>
              <TpmFacts state={state} tpm={tpm} />
            </Card>
            {state.state === "whole" && (
              <Card title="Keys" Icon={KeyRound}>
                <Keys state={state} changed={refresh} />
              </Card>
            )}
          </div>
        </div>
      )}
    </>
  );
}

/** Friends' boxes know this one by its PeerId. */
function Peer({ state }: { state: IdentityState }) {
  const { certificate } = state;
  return (
    <div class="peer">
      <img
        class="qr"
        alt="QR code of the PeerId"
        src={`data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(state.peerId, { border: 0 }))}`}
      />
      <dl class="facts">
        <Fact name="PeerId">
          <span class="mono">{state.peerId}</span>
          <span class="quiet-text">
            {state.peer === "tpm"
              ? "signs inside the TPM"
              : state.peerBound
                ? "sealed by the TPM for signed images only"
                : "sealed by the TPM"}
          </span>
        </Fact>
        <Fact name="Node">
          <span class="mono">{state.node}</span>
        </Fact>
        <Fact name="Device certificate">
          until {moment(certificate.expires)}
          <span class="quiet-text">
            issued {moment(certificate.issued)}, renewed by itself
          </span>
        </Fact>
      </dl>
    </div>
  );
}

function TpmFacts({
  state: { endorsement, signedPolicy },
  tpm,
}: {
  state: IdentityState;
  tpm: TpmState | null;
}) {
  const { maker } = endorsement;
  return (
    <dl class="facts">
      <Fact name="TPM">
        {tpm ? `${tpm.vendor} by ${tpm.manufacturer}` : "does not answer"}
        {tpm && (
          <span class="quiet-text">
            firmware {tpm.firmware}, specification {tpm.specification}
          </span>
        )}
      </Fact>
      <Fact name="Maker's certificate">
        {maker
          ? `${maker.manufacturer} ${maker.model}, until ${new Date(maker.expires).getFullYear()}`
          : "none"}
        <span class="quiet-text">{endorsement.trust}</span>
      </Fact>
      <Fact name="Endorsement key">
        {endorsement.kind}
        <span class="mono">{endorsement.name}</span>
      </Fact>
      {tpm && (
        <Fact name="Lockout">
          {tpm.lockout.locked ? "locked" : "not locked"}
          <span class="quiet-text">
            {tpm.lockout.failures} of {tpm.lockout.maximum} wrong passwords
            {tpm.lockout.recovery > 0 &&
              `, one is forgotten every ${duration(tpm.lockout.recovery)}`}
          </span>
        </Fact>
      )}
      <Fact name="Signed boot policy">
        {signedPolicy ? "yes, secrets open in signed images only" : "none"}
      </Fact>
    </dl>
  );
}

/** The TPM that holds this node's keys is gone; the owner may put the present one in its place. */
function Lost({
  state,
  refresh,
}: {
  state: IdentityState;
  refresh: () => Promise<void>;
}) {
  const [password, setPassword] = useState("");
  return (
    <section class="card lost">
      <h2>
        {state.state === "cleared"
          ? "The TPM was cleared"
          : "The TPM was replaced"}
      </h2>
      <Notice kind="error">{state.message}</Notice>
      <p>
        With the root key, which is on this box, you can make it a node again:
        it gets new keys, and your word that they belong to the old node.
        Friends' boxes ask you before they go on with it.
      </p>
      <Form
        action="Enrol this box again"
        submit={async () => {
          await api("POST", "/identity/re-enrol", { password });
          await refresh();
        }}
      >
        <PasswordField value={password} change={setPassword} />
      </Form>
    </section>
  );
}
