/** The recovery: the same image, started for a few acts that help a box which does not do what it should. */

/** Whether this boot is one of the recovery: its command line has the service manager set this for every service. */
export function inRecovery(): boolean {
  return process.env.COPPICE_RECOVERY === "1";
}

/** Files of the admin's state of which the recovery knows. */
export const adminFiles = {
  /** Stands where the box has an owner. */
  owner: "owner.json",
  /** What the recovery leaves for the admin's next start. */
  handover: "recovery.json",
  /** Stands where the owner wants nobody to set a new password at the box. */
  locked: "recovery-locked",
} as const;
