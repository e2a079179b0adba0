import { CoppiceError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import { type NativeCall, openLibrary, pointers } from "../shared/native.ts";
import {
  aes128Cfb,
  algorithm,
  sealedObject,
  sensitiveCreate,
  storageParent,
} from "./wire.ts";

/** A TPM command failed; `code` is the TSS2_RC. */
export class TpmError extends CoppiceError {
  override name = "TpmError";
  readonly code: number;
  constructor(what: string, code: number) {
    super(
      503,
      "tpm-failed",
      `The TPM refused to ${what} (code 0x${(code >>> 0).toString(16)}). Restart the box; if it happens again, the TPM is damaged or was cleared.`,
    );
    this.code = code;
  }
}

/** A secret that only the TPM which sealed it can open: wire bytes of TPM2B_PUBLIC and TPM2B_PRIVATE. */
export interface Sealed {
  publicArea: Buffer;
  privateArea: Buffer;
}

/** What a TPM says of itself: TPM_PT_* fixed properties. */
export interface TpmProperties {
  manufacturer: string;
  vendor: string;
  firmware: string;
  specification: string;
}

const none = 0xfff;
const passwordSession = 0xff;
const ownerHierarchy = 0x101;
const hmacSession = 0;
// Larger than any TPM structure of the TSS headers.
const structureSize = 8192;
const sessionAttributes = {
  continue: 0x01,
  decrypt: 0x20,
  encrypt: 0x40,
} as const;

const esysFunctions = {
  Esys_Initialize: ["uint32", ["pointer", "pointer", "pointer"]],
  Esys_Finalize: ["void", ["pointer"]],
  Esys_Free: ["void", ["pointer"]],
  Esys_CreatePrimary: [
    "uint32",
    [
      "pointer",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
    ],
  ],
  Esys_Create: [
    "uint32",
    [
      "pointer",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
    ],
  ],
  Esys_Load: [
    "uint32",
    [
      "pointer",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "pointer",
      "pointer",
      "pointer",
    ],
  ],
  Esys_Unseal: [
    "uint32",
    ["pointer", "uint32", "uint32", "uint32", "uint32", "pointer"],
  ],
  Esys_FlushContext: ["uint32", ["pointer", "uint32"]],
  Esys_StartAuthSession: [
    "uint32",
    [
      "pointer",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "pointer",
      "uint8",
      "pointer",
      "uint16",
      "pointer",
    ],
  ],
  Esys_TRSess_SetAttributes: [
    "uint32",
    ["pointer", "uint32", "uint8", "uint8"],
  ],
  Esys_GetCapability: [
    "uint32",
    [
      "pointer",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "uint32",
      "pointer",
      "pointer",
    ],
  ],
} as const;
const muFunctions = {
  Tss2_MU_TPM2B_PUBLIC_Unmarshal: [
    "uint32",
    ["pointer", "size_t", "pointer", "pointer"],
  ],
  Tss2_MU_TPM2B_PUBLIC_Marshal: [
    "uint32",
    ["pointer", "pointer", "size_t", "pointer"],
  ],
  Tss2_MU_TPM2B_PRIVATE_Unmarshal: [
    "uint32",
    ["pointer", "size_t", "pointer", "pointer"],
  ],
  Tss2_MU_TPM2B_SENSITIVE_CREATE_Unmarshal: [
    "uint32",
    ["pointer", "size_t", "pointer", "pointer"],
  ],
  Tss2_MU_TPMT_SYM_DEF_Unmarshal: [
    "uint32",
    ["pointer", "size_t", "pointer", "pointer"],
  ],
} as const;
const loaderFunctions = {
  Tss2_TctiLdr_Initialize: ["uint32", ["string", "pointer"]],
  Tss2_TctiLdr_Finalize: ["void", ["pointer"]],
} as const;

/** The TPM at the ESYS level of tpm2-tss: one context, one command at a time, because ESYS is not thread-safe. */
export class Tpm implements AsyncDisposable {
  #esys = openLibrary(
    "libtss2-esys.so.0",
    "libtss2-esys-3.0.2-0",
    esysFunctions,
  );
  #mu = openLibrary("libtss2-mu.so.0", "libtss2-mu0", muFunctions);
  #loader = openLibrary(
    "libtss2-tctildr.so.0",
    "libtss2-tctildr0",
    loaderFunctions,
  );
  #context: Buffer = Buffer.alloc(0);
  #tcti = Buffer.alloc(8);
  #queue = new Mutex();

  private constructor() {}

  /**
   * Opens a TPM.
   * @param tcti how to reach it, such as `device:/dev/tpmrm0` or `swtpm:path=/run/x.sock` (tpm2-tss's TCTI loader).
   * @throws TpmError where it does not answer.
   */
  static async open(tcti: string): Promise<Tpm> {
    const tpm = new Tpm();
    await tpm.#check(
      "answer",
      tpm.#loader.Tss2_TctiLdr_Initialize(tcti, tpm.#tcti),
    );
    const context = Buffer.alloc(8);
    await tpm.#check(
      "start",
      tpm.#esys.Esys_Initialize(
        context,
        pointers.readPointer(tpm.#tcti, 0, 0),
        null,
      ),
    );
    tpm.#context = pointers.readPointer(context, 0, 0);
    return tpm;
  }

  /** Seals up to 128 bytes so that only this TPM opens them again. @throws TpmError */
  async seal(secret: Uint8Array): Promise<Sealed> {
    return await this.#withParent("seal a secret", async (parent, session) => {
      const privateOut = Buffer.alloc(8);
      const publicOut = Buffer.alloc(8);
      const sensitive = await this.#structure(
        "Tss2_MU_TPM2B_SENSITIVE_CREATE_Unmarshal",
        sensitiveCreate(secret),
      );
      const template = await this.#structure(
        "Tss2_MU_TPM2B_PUBLIC_Unmarshal",
        sealedObject,
      );
      const empty = Buffer.alloc(structureSize);
      await this.#check(
        "seal a secret",
        this.#esys.Esys_Create(
          this.#context,
          parent,
          session,
          none,
          none,
          sensitive,
          template,
          empty,
          empty,
          privateOut,
          publicOut,
          null,
          null,
          null,
        ),
      );
      sensitive.fill(0);
      const wire = Buffer.alloc(structureSize);
      const offset = Buffer.alloc(8);
      await this.#check(
        "describe a sealed secret",
        this.#mu.Tss2_MU_TPM2B_PUBLIC_Marshal(
          pointers.readPointer(publicOut, 0, structureSize),
          wire,
          wire.length,
          offset,
        ),
      );
      const sealed = {
        publicArea: Buffer.from(
          wire.subarray(0, Number(offset.readBigUInt64LE())),
        ),
        privateArea: wireOfSized(privateOut),
      };
      await this.#free(privateOut);
      await this.#free(publicOut);
      return sealed;
    });
  }

  /** Opens what this TPM sealed. @throws TpmError where another TPM sealed it. */
  async unseal(sealed: Sealed): Promise<Buffer> {
    return await this.#withParent(
      "open a sealed secret",
      async (parent, session) => {
        const handle = Buffer.alloc(4);
        const privateArea = await this.#structure(
          "Tss2_MU_TPM2B_PRIVATE_Unmarshal",
          sealed.privateArea,
        );
        const publicArea = await this.#structure(
          "Tss2_MU_TPM2B_PUBLIC_Unmarshal",
          sealed.publicArea,
        );
        await this.#check(
          "load a sealed secret",
          this.#esys.Esys_Load(
            this.#context,
            parent,
            passwordSession,
            none,
            none,
            privateArea,
            publicArea,
            handle,
          ),
        );
        try {
          const out = Buffer.alloc(8);
          await this.#check(
            "open a sealed secret",
            this.#esys.Esys_Unseal(
              this.#context,
              handle.readUInt32LE(),
              session,
              none,
              none,
              out,
            ),
          );
          const secret = wireOfSized(out).subarray(2);
          await this.#free(out);
          return secret;
        } finally {
          await this.#esys.Esys_FlushContext(
            this.#context,
            handle.readUInt32LE(),
          );
        }
      },
    );
  }

  /** Reads maker, model, firmware and specification. @throws TpmError */
  async properties(): Promise<TpmProperties> {
    return await this.#queue.run(async () => {
      const out = Buffer.alloc(8);
      const capabilityTpmProperties = 6;
      const fixedGroup = 0x100;
      await this.#check(
        "describe itself",
        this.#esys.Esys_GetCapability(
          this.#context,
          none,
          none,
          none,
          capabilityTpmProperties,
          fixedGroup,
          64,
          null,
          out,
        ),
      );
      // TPMS_CAPABILITY_DATA in memory: u32 capability, u32 count, then pairs of u32.
      const data = pointers.readPointer(out, 0, structureSize);
      const values = new Map<number, number>();
      for (let index = 0; index < data.readUInt32LE(4); index++)
        values.set(
          data.readUInt32LE(8 + index * 8),
          data.readUInt32LE(12 + index * 8),
        );
      await this.#free(out);
      const text = (...offsets: number[]): string =>
        offsets
          .map((offset) =>
            Buffer.from(
              Uint32Array.of(values.get(fixedGroup + offset) ?? 0).buffer,
            )
              .reverse()
              .toString("latin1"),
          )
          .join("")
          // biome-ignore lint/suspicious/noControlCharactersInRegex: makers pad with NUL
          .replace(/[\u0000 ]+$/g, "");
      const version = values.get(fixedGroup + 11) ?? 0;
      return {
        manufacturer: text(5),
        vendor: text(6, 7, 8, 9),
        firmware: `${version >>> 16}.${version & 0xffff}`,
        specification: `${text(0)} ${((values.get(fixedGroup + 2) ?? 0) / 100).toFixed(2)}`,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.run(async () => {
      const context = Buffer.alloc(8);
      pointers.writePointer(context, 0, this.#context);
      await this.#esys.Esys_Finalize(context);
      await this.#loader.Tss2_TctiLdr_Finalize(this.#tcti);
    });
  }

  /** Runs `work` with the storage parent loaded and a salted session that encrypts parameters: the bus can be tapped. */
  async #withParent<T>(
    what: string,
    work: (parent: number, session: number) => Promise<T>,
  ): Promise<T> {
    return await this.#queue.run(async () => {
      const parent = Buffer.alloc(4);
      const empty = Buffer.alloc(structureSize);
      const template = await this.#structure(
        "Tss2_MU_TPM2B_PUBLIC_Unmarshal",
        storageParent,
      );
      const sensitive = await this.#structure(
        "Tss2_MU_TPM2B_SENSITIVE_CREATE_Unmarshal",
        sensitiveCreate(Buffer.alloc(0)),
      );
      await this.#check(
        what,
        this.#esys.Esys_CreatePrimary(
          this.#context,
          ownerHierarchy,
          passwordSession,
          none,
          none,
          sensitive,
          template,
          empty,
          empty,
          parent,
          null,
          null,
          null,
          null,
        ),
      );
      const session = Buffer.alloc(4);
      try {
        const symmetric = await this.#structure(
          "Tss2_MU_TPMT_SYM_DEF_Unmarshal",
          aes128Cfb,
        );
        await this.#check(
          what,
          this.#esys.Esys_StartAuthSession(
            this.#context,
            parent.readUInt32LE(),
            none,
            none,
            none,
            none,
            null,
            hmacSession,
            symmetric,
            algorithm.sha256,
            session,
          ),
        );
        const flags =
          sessionAttributes.continue |
          sessionAttributes.decrypt |
          sessionAttributes.encrypt;
        // Unseal has no parameter to decrypt, Create none that must come back secret: ESYS drops what does not apply.
        await this.#check(
          what,
          this.#esys.Esys_TRSess_SetAttributes(
            this.#context,
            session.readUInt32LE(),
            flags,
            0xff,
          ),
        );
        return await work(parent.readUInt32LE(), session.readUInt32LE());
      } finally {
        if (session.readUInt32LE() !== 0)
          await this.#esys.Esys_FlushContext(
            this.#context,
            session.readUInt32LE(),
          );
        await this.#esys.Esys_FlushContext(
          this.#context,
          parent.readUInt32LE(),
        );
      }
    });
  }

  /** The C structure of wire bytes, by libtss2-mu. */
  async #structure(
    unmarshal: keyof typeof muFunctions,
    wire: Buffer,
  ): Promise<Buffer> {
    const structure = Buffer.alloc(structureSize);
    await this.#check(
      "read a structure",
      this.#mu[unmarshal](wire, wire.length, Buffer.alloc(8), structure),
    );
    return structure;
  }

  async #free(pointer: Buffer): Promise<void> {
    await this.#esys.Esys_Free(pointers.readPointer(pointer, 0, 0));
  }

  async #check(what: string, call: ReturnType<NativeCall>): Promise<void> {
    const code = await call;
    if (code !== 0) throw new TpmError(what, code);
  }
}

/** The wire bytes of a TPM2B that a pointer leads to: in memory its length is in the machine's byte order. */
function wireOfSized(pointer: Buffer): Buffer {
  const length = pointers.readPointer(pointer, 0, 2).readUInt16LE();
  const wire = Buffer.from(pointers.readPointer(pointer, 0, 2 + length));
  wire.writeUInt16BE(length);
  return wire;
}
