import type { SharedDrive } from "../../api/door-routes.ts";

/** Where devices find the network drive. */
export function DriveAddress({ drive: { port } }: { drive: SharedDrive }) {
  const host = location.hostname;
  const suffix = port === 445 ? "" : `:${port}`;
  return (
    <>
      Windows: <code>{`\\\\${host}\\Files`}</code>. Mac, iPhone, Android and
      Linux: <code>{`smb://${host}${suffix}/Files`}</code>.
    </>
  );
}
