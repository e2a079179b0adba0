/** What is asked and said of the log between processes. */
import { type Static, Type } from "typebox";

/** systemd.journal-fields(7) */
const Cursor = Type.String({ pattern: "^[a-z0-9=;]{1,300}$" });
const ServiceName = Type.String({ pattern: "^[\\w@:.\\\\-]{1,200}$" });

/** Which lines of the log. */
export const LogFilter = Type.Object({
  service: Type.Optional(
    Type.Union([ServiceName], {
      description: "a unit without its .service; kernel",
    }),
  ),
  priority: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 7,
      description: "as syslog has it: this and what is worse; 3 is an error",
    }),
  ),
  search: Type.Optional(
    Type.String({
      maxLength: 200,
      description: "what lines have in them, in capitals or not",
    }),
  ),
});
export type LogFilter = Static<typeof LogFilter>;

/** Some of them: the newest, or the newest before one. */
export const LogQuestion = Type.Object({
  ...LogFilter.properties,
  before: Type.Optional(Cursor),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});
export type LogQuestion = Static<typeof LogQuestion>;

/** What comes from now on, or after a line. */
export const LogSubscription = Type.Object({
  ...LogFilter.properties,
  after: Type.Optional(Cursor),
});
export type LogSubscription = Static<typeof LogSubscription>;

/** A line of the log. */
export const LogLine = Type.Object({
  cursor: Type.String({ description: "where it is, for further questions" }),
  at: Type.Number({ description: "milliseconds since 1970" }),
  service: Type.String(),
  priority: Type.Integer(),
  message: Type.String(),
});
export type LogLine = Static<typeof LogLine>;

/** Lines in the order in which they were written. */
export const LogPart = Type.Object({
  lines: Type.Array(LogLine),
  more: Type.Boolean({ description: "whether there are earlier ones" }),
});
export type LogPart = Static<typeof LogPart>;

/** What has written into the log. */
export const LogServices = Type.Array(Type.String());
