import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import {
  drawSetupCode,
  formatSetupCode,
  setupCodeAlphabet,
  setupCodeMatches,
  tryDelay,
} from "../../../provisioning/setup-code.ts";
import { startSoftwareTpm } from "../../../scripts/software-tpm.ts";
import {
  SetupCode,
  SetupCodeError,
} from "../../../services/identity/setupcode.ts";
import { NotThisTpmError } from "../../../services/identity/tpm/errors.ts";
import { Tpm } from "../../../services/identity/tpm/tpm.ts";
import { describeTpm } from "../../../services/identity/tpm-state.ts";
import { ConflictError } from "../../../services/shared/errors.ts";
import { temporaryFolder } from "../../folder.ts";

test("codes have eight unambiguous characters, and match however they are typed", (t) => {
  t.false(/[01OILU8B]/.test(setupCodeAlphabet));
  for (let count = 0; count < 200; count++) {
    const code = drawSetupCode();
    t.is(code.length, 8);
    t.true([...code].every((letter) => setupCodeAlphabet.includes(letter)));
    t.true(setupCodeMatches(formatSetupCode(code).toLowerCase(), code));
    t.true(setupCodeMatches(` ${code.slice(0, 3)} ${code.slice(3)}`, code));
  }
  fc.assert(
    fc.property(
      fc.string(),
      (typed) =>
        setupCodeMatches(typed, "ACDEFGHJ") ===
        (typed.toUpperCase().replace(/[\s-]/g, "") === "ACDEFGHJ"),
    ),
  );
});

test("the delay begins with the fifth wrong try, grows, and never locks out", (t) => {
  t.deepEqual([0, 1, 4, 5, 6, 7].map(tryDelay), [0, 0, 0, 5, 10, 20]);
  fc.assert(
    fc.property(
      fc.nat(),
      (failures) =>
        tryDelay(failures) <= 300 &&
        tryDelay(failures + 1) >= tryDelay(failures),
    ),
  );
});

test("the code is sealed by the TPM, survives a restart, and dies with the claim", async (t) => {
  await using folder = await temporaryFolder();
  await using swtpm = await startSoftwareTpm(folder.path);
  await using tpm = await Tpm.open(swtpm.tcti);
  const label = join(folder.path, "label");
  const first = await SetupCode.load(tpm, folder.path, label);
  const code = (await readFile(label, "utf8")).trim();
  t.regex(code, /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
  t.false(
    (await readFile(join(folder.path, "setup-code.json"), "utf8")).includes(
      code.replace("-", ""),
    ),
  );
  for (let tries = 0; tries < 4; tries++)
    await t.throwsAsync(first.verify("AAAA-AAAA"), {
      instanceOf: SetupCodeError,
      message: /not the setup code/,
    });
  const fifth = await t.throwsAsync(first.verify("AAAA-AAAA"), {
    instanceOf: SetupCodeError,
  });
  t.is(fifth?.retryAfter, 5);
  const sixth = await t.throwsAsync(first.verify(code), {
    instanceOf: SetupCodeError,
  });
  t.is(sixth?.status, 429, "even the right code waits");
  const again = await SetupCode.load(tpm, folder.path, label);
  t.is((await readFile(label, "utf8")).trim(), code);
  t.is(
    (await t.throwsAsync(again.verify(code), { instanceOf: SetupCodeError }))
      ?.status,
    429,
    "a restart does not shorten the delay",
  );
  await again.retire();
  await t.throwsAsync(again.verify(code), { instanceOf: ConflictError });
  const after = await SetupCode.load(tpm, folder.path, label);
  await t.throwsAsync(after.verify(code), { instanceOf: ConflictError });
  await t.throwsAsync(access(label));
});

test("what one TPM sealed, another does not open", async (t) => {
  await using one = await temporaryFolder();
  await using two = await temporaryFolder();
  await using firstTpm = await startSoftwareTpm(one.path);
  await using secondTpm = await startSoftwareTpm(two.path);
  await using mine = await Tpm.open(firstTpm.tcti);
  await using other = await Tpm.open(secondTpm.tcti);
  const sealed = await mine.seal(Buffer.from("a secret"));
  t.is((await mine.unseal(sealed)).toString(), "a secret");
  await t.throwsAsync(other.unseal(sealed), {
    instanceOf: NotThisTpmError,
  });
  t.is((await describeTpm(mine)).manufacturer, "IBM");
});
