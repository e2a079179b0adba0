import { Download, ShieldCheck, Smartphone } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { ShownCertificates } from "../../../../client.ts";
import { api } from "../../api.ts";
import { isTrusted } from "../../offline.ts";
import { Dialog, Fact, Notice, QrCode, Spinner } from "../../ui.tsx";

/** Where the authority's certificate is, for devices that know the box by its name. */
const address = "https://coppice.local/api/authority";

/** What to do with the file, by kind of device. */
const ways: readonly (readonly [string, string])[] = [
  [
    "iPhone and iPad",
    "Open it in Safari and allow the profile. Settings, Profile Downloaded: install it. Then General, About, Certificate Trust Settings: switch it on.",
  ],
  [
    "Android",
    "Settings, Security, More, Encryption and credentials, Install a certificate, CA certificate: choose the file.",
  ],
  [
    "Windows",
    "Open the file, Install Certificate, Current User, and place it in Trusted Root Certification Authorities.",
  ],
  [
    "macOS",
    "Open the file in Keychain Access, then the certificate in it: Trust, Always Trust.",
  ],
  [
    "Firefox",
    "Settings, Privacy and Security, View Certificates, Authorities, Import: trust it for websites.",
  ],
];

/** The box's own authority: how devices at home come to show its pages without a warning. */
export function Certificate() {
  const [shown, setShown] = useState<ShownCertificates>();
  const [problem, setProblem] = useState<string>();
  const [phone, setPhone] = useState(false);
  const [trusted, setTrusted] = useState(false);
  useEffect(() => {
    api<ShownCertificates>("GET", "/certificate").then(
      setShown,
      (error: Error) => setProblem(error.message),
    );
    void isTrusted().then(setTrusted);
  }, []);
  return (
    <section class="card">
      <h2>
        <ShieldCheck size={20} aria-hidden="true" /> Certificate
      </h2>
      <p>
        Browsers warn of this box, for they know nobody who vouches for it. A
        device that trusts the box's own authority shows these pages without a
        warning, and can have them as an app. The authority can vouch for this
        box at home, and for nothing on the Internet.
      </p>
      {trusted && <Notice kind="good">This browser trusts the box.</Notice>}
      {problem && <Notice kind="error">{problem}</Notice>}
      {!shown && !problem && <Spinner label="Loading" />}
      <div class="actions start">
        <a class="button" href="/api/authority" download="coppice.crt">
          <Download size={18} aria-hidden="true" /> Save the certificate
        </a>
        <button type="button" onClick={() => setPhone(true)}>
          <Smartphone size={18} aria-hidden="true" /> Trust it on a device
        </button>
      </div>
      {phone && (
        <Dialog title="Trust the box on a device" close={() => setPhone(false)}>
          <QrCode label="Address of the certificate" text={address} />
          <p>
            In the box's own network, with a phone's camera; or open{" "}
            <a href="/api/authority" download="coppice.crt">
              {address}
            </a>
            . The browser warns once more, for the last time.
          </p>
          <dl class="facts">
            {ways.map(([device, words]) => (
              <Fact key={device} name={device}>
                {words}
              </Fact>
            ))}
            {shown && (
              <Fact name="Its fingerprint (SHA-256)">
                <span class="mono">{shown.authority}</span>
              </Fact>
            )}
          </dl>
        </Dialog>
      )}
    </section>
  );
}
