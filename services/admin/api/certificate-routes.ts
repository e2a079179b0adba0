import type { Server } from "../../shared/server.ts";
import type { Certificates } from "../certificates.ts";
import { ShownCertificates } from "../client.ts";

/** What vouches for the box's pages, for devices that are to trust it. */
export function addCertificateRoutes(
  app: Server,
  certificates: Certificates,
): void {
  const tags = ["certificate"];
  app.get(
    "/api/certificate",
    {
      schema: {
        tags,
        summary: "What the box shows browsers, and who vouches for it",
        response: { 200: ShownCertificates },
      },
    },
    async () => ({
      fingerprint: certificates.current.fingerprint,
      authority: certificates.authority.fingerprint,
    }),
  );
  app.get(
    "/api/authority",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 60, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary:
          "The box's own certificate authority (X.509, PEM), to be installed on devices at home",
      },
    },
    async (_request, reply) =>
      reply
        .type("application/x-x509-ca-cert")
        .header("content-disposition", 'attachment; filename="coppice.crt"')
        .send(certificates.authority.cert),
  );
}
