import { Mutex } from "../../shared/mutex.ts";
import {
  type DirectCall,
  type NativeCall,
  openDirectLibrary,
  openLibrary,
} from "../../shared/native.ts";
import {
  type CommandShape,
  commands,
  type Structure,
  signature,
  structures,
} from "./commands.ts";
import { TpmClosedError, type TpmError, tpmError } from "./errors.ts";
import { algorithm, sized, u16 } from "./wire.ts";

/** ESYS's handles for what every TPM has (tss2_esys.h). */
export const fixedHandle = {
  none: 0xfff,
  password: 0x0ff,
  owner: 0x101,
  lockout: 0x10a,
  endorsement: 0x10b,
} as const;

type Command = keyof typeof commands;
type EsysCall =
  | `Esys_${Command}`
  | `Esys_${"Initialize" | "Finalize" | "FlushContext" | "TR_Close" | "TR_SetAuth" | "TRSess_SetAttributes" | "StartAuthSession"}`;

// Larger than any TPM structure of the TSS headers.
const structureSize = 8192;
const sessionAttributes = { continue: 0x01, decrypt: 0x20, encrypt: 0x40 };
/** TPM_SE: what a session is for. */
const sessionType = { hmac: 0, policy: 1 } as const;

/** What a command takes beside its handles. */
export interface CommandInput {
  /** ESYS handles, in the command's order. */
  handles?: readonly number[];
  /** Sessions that authorise the handles, or encrypt parameters. */
  sessions?: readonly number[];
  /** Wire bytes or numbers, in the command's order; null leaves an optional one out. */
  inputs?: readonly (Uint8Array | number | null)[];
}

/** What a command gives. */
export interface CommandOutput {
  /** The new ESYS handle, 0 where the command makes none. */
  handle: number;
  /** Wire bytes of the outputs; numbers as 4 bytes in the machine's order. */
  outputs: Buffer[];
}

/** tpm2-tss at the ESYS level: one context, one use at a time, because ESYS is not thread-safe. */
export class Esys implements AsyncDisposable {
  #esys: Record<EsysCall, NativeCall>;
  #free: DirectCall;
  #mu: Record<string, DirectCall>;
  #loader = openLibrary("libtss2-tctildr.so.0", "libtss2-tctildr0", {
    Tss2_TctiLdr_Initialize: ["uint32", ["string", "pointer"]],
    Tss2_TctiLdr_Finalize: ["void", ["pointer"]],
  } as const);
  /** Address of the ESYS_CONTEXT. */
  #context = 0n;
  #tcti = Buffer.alloc(8);
  /** Memory for structures, used again by each command: one runs at a time. */
  #scratch = Array.from({ length: 6 }, () => Buffer.alloc(structureSize));
  #queue = new Mutex();
  #closed = false;

  private constructor() {
    const calls = Object.entries(commands).map(
      ([name, shape]) => [`Esys_${name}`, signature(shape)] as const,
    );
    this.#esys = openLibrary("libtss2-esys.so.0", "libtss2-esys-3.0.2-0", {
      ...Object.fromEntries(calls),
      Esys_Initialize: ["uint32", ["pointer", "pointer", "pointer"]],
      Esys_Finalize: ["void", ["pointer"]],
      Esys_FlushContext: ["uint32", ["pointer", "uint32"]],
      Esys_TR_Close: ["uint32", ["pointer", "pointer"]],
      Esys_TR_SetAuth: ["uint32", ["pointer", "uint32", "pointer"]],
      Esys_TRSess_SetAttributes: [
        "uint32",
        ["pointer", "uint32", "uint8", "uint8"],
      ],
      Esys_StartAuthSession: [
        "uint32",
        [
          "pointer",
          ...(["uint32", "uint32", "uint32", "uint32", "uint32"] as const),
          ...(["pointer", "uint8", "pointer", "uint16", "pointer"] as const),
        ],
      ],
    }) as Record<EsysCall, NativeCall>;
    this.#free = openDirectLibrary(
      "libtss2-esys.so.0",
      "libtss2-esys-3.0.2-0",
      { Esys_Free: ["void", ["pointer"]] },
    ).Esys_Free;
    this.#mu = openDirectLibrary(
      "libtss2-mu.so.0",
      "libtss2-mu0",
      Object.fromEntries(
        structures.flatMap((name) => [
          [
            `Tss2_MU_${name}_Unmarshal`,
            ["uint32", ["pointer", "size_t", "pointer", "pointer"]],
          ] as const,
          [
            `Tss2_MU_${name}_Marshal`,
            ["uint32", ["pointer", "pointer", "size_t", "pointer"]],
          ] as const,
        ]),
      ),
    );
  }

  /**
   * Opens a TPM.
   * @param tcti how to reach it, such as `device:/dev/tpmrm0` or `swtpm:path=/run/x.sock` (tpm2-tss's TCTI loader).
   * @throws TpmError where it does not answer.
   */
  static async open(tcti: string): Promise<Esys> {
    const esys = new Esys();
    check(
      "answer",
      await esys.#loader.Tss2_TctiLdr_Initialize(tcti, esys.#tcti),
    );
    const context = Buffer.alloc(8);
    check(
      "start",
      await esys.#esys.Esys_Initialize(
        context,
        esys.#tcti.readBigUInt64LE(),
        null,
      ),
    );
    esys.#context = context.readBigUInt64LE();
    return esys;
  }

  /** Runs `work`, which may call the methods below, while nobody else uses the TPM. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    return await this.#queue.run(async () => {
      // The library would read freed memory.
      if (this.#closed) throw new TpmClosedError();
      return await work();
    });
  }

  /** Runs one TPM command. @param what the act in errors, such as "seal a secret". @throws TpmError */
  async command(
    what: string,
    name: Command,
    { handles = [], sessions = [], inputs = [] }: CommandInput = {},
  ): Promise<CommandOutput> {
    const shape: CommandShape = commands[name];
    const given = shape.inputs.map((structure, index) => {
      const input = inputs[index];
      return input instanceof Uint8Array
        ? this.#toMemory(structure, input, index)
        : (input ?? null);
    });
    const made = Buffer.alloc(4);
    const places = shape.outputs.map(() => Buffer.alloc(8));
    const code = await this.#esys[`Esys_${name}`](
      this.#context,
      ...handles,
      ...[0, 1, 2].map((index) => sessions[index] ?? fixedHandle.none),
      ...given,
      ...(shape.makes ? [made] : []),
      ...places,
    );
    for (const memory of given) if (Buffer.isBuffer(memory)) memory.fill(0);
    check(what, code);
    const outputs = shape.outputs.map((structure, index) =>
      this.#toWire(structure, places[index] as Buffer),
    );
    return { handle: made.readUInt32LE(), outputs };
  }

  /**
   * Starts a session whose parameters are encrypted with AES-128 in CFB mode.
   * @param salt handle of the key that its secret is salted to; whoever listens on the bus cannot know it then.
   * @throws TpmError
   */
  async startSession(
    type: keyof typeof sessionType,
    salt: number,
  ): Promise<number> {
    const symmetric = this.#toMemory(
      "TPMT_SYM_DEF",
      Buffer.concat([u16(algorithm.aes), u16(128), u16(algorithm.cfb)]),
    );
    const session = Buffer.alloc(4);
    const { none } = fixedHandle;
    check(
      "start a session",
      await this.#esys.Esys_StartAuthSession(
        ...[this.#context, salt, none, none, none, none, null],
        ...[sessionType[type], symmetric, algorithm.sha256, session],
      ),
    );
    const { continue: keep, decrypt, encrypt } = sessionAttributes;
    const flags = type === "hmac" ? keep | decrypt | encrypt : keep;
    // ESYS drops encryption where a command has no parameter to encrypt.
    check(
      "start a session",
      await this.#esys.Esys_TRSess_SetAttributes(
        this.#context,
        session.readUInt32LE(),
        flags,
        0xff,
      ),
    );
    return session.readUInt32LE();
  }

  /** Tells ESYS an object's authorisation value, which then keys the session's HMAC and never crosses the bus. @throws TpmError */
  async setAuthorisation(handle: number, value: Uint8Array): Promise<void> {
    const memory = this.#toMemory("TPM2B_DIGEST", sized(value));
    const code = await this.#esys.Esys_TR_SetAuth(
      this.#context,
      handle,
      memory,
    );
    memory.fill(0);
    check("take a password", code);
  }

  /** Takes an object or a session out of the TPM. @throws TpmError */
  async flush(handle: number): Promise<void> {
    check(
      "forget an object",
      await this.#esys.Esys_FlushContext(this.#context, handle),
    );
  }

  /** Lets go of a handle of something that stays in the TPM. */
  async close(handle: number): Promise<void> {
    const place = Buffer.alloc(4);
    place.writeUInt32LE(handle);
    await this.#esys.Esys_TR_Close(this.#context, place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      const context = Buffer.alloc(8);
      context.writeBigUInt64LE(this.#context);
      await this.#esys.Esys_Finalize(context);
      await this.#loader.Tss2_TctiLdr_Finalize(this.#tcti);
    });
  }

  #toMemory(structure: Structure, wire: Uint8Array, place = 0): Buffer {
    const memory = (this.#scratch[place] as Buffer).fill(0);
    const bytes = Buffer.from(wire);
    check(
      `read a ${structure}`,
      this.#mu[`Tss2_MU_${structure}_Unmarshal`]?.(
        bytes,
        bytes.length,
        Buffer.alloc(8),
        memory,
      ),
    );
    bytes.fill(0);
    return memory;
  }

  #toWire(structure: Structure, place: Buffer): Buffer {
    if (structure.startsWith("number")) return place.subarray(0, 4);
    const memory = place.readBigUInt64LE();
    const wire = this.#scratch[5] as Buffer;
    const offset = Buffer.alloc(8);
    const code = this.#mu[`Tss2_MU_${structure}_Marshal`]?.(
      memory,
      wire,
      wire.length,
      offset,
    );
    this.#free(memory);
    check(`write a ${structure}`, code);
    const length = Number(offset.readBigUInt64LE());
    const bytes = Buffer.from(wire.subarray(0, length));
    wire.fill(0, 0, length);
    return bytes;
  }
}

/** @throws TpmError of the class that the code stands for. */
function check(what: string, code: number | undefined): void {
  if (code === undefined || code === 0) return;
  const error: TpmError = tpmError(what, code);
  throw error;
}
