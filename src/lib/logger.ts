import { pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from "pino";
import pretty from "pino-pretty";

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  /** `json`: one JSON object a line, for collectors; `readable`: for a person at a terminal. */
  readonly format: "json" | "readable";
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** Fields whose value is a secret, wherever an object that is logged carries them. */
const SECRET_FIELDS = [
  "password",
  "secret",
  "client_secret",
  "clientSecret",
  "secretKey",
  "token",
  "access_token",
  "refresh_token",
  "id_token",
  "registration_access_token",
  "code",
  "device_code",
  "user_code",
  "code_verifier",
  "client_assertion",
  "assertion",
  "request",
  "authorization",
  "cookie",
  "jti",
];

/** Times are UTC in ISO 8601, so that lines of several nodes can be merged. */
export function createLogger({ level, format, destination }: LoggerOptions): Logger {
  const stream =
    format === "readable"
      ? pretty({
          sync: true,
          singleLine: true,
          ignore: "pid,hostname",
          translateTime: "SYS:HH:MM:ss",
          ...(destination === undefined ? {} : { destination, colorize: false }),
        })
      : destination;
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: "[redacted]",
    },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}
