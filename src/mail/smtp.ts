/** Hands one mail to the operator's SMTP server (RFC 5321). Owns the connection and what its answers mean. */
import type { NodemailerError } from "nodemailer/lib/errors";
import type { Clock } from "../lib/clock.js";

export interface SmtpSettings {
  /** `smtp:` (STARTTLS) or `smtps:` (TLS from the start). May contain a password. */
  readonly url: string;
  /** `offered`: sent in the clear to a server without STARTTLS. */
  readonly tls: "required" | "offered";
  /** `Example <login@example.com>`. */
  readonly from: string;
}

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly language: string;
}

export interface OutgoingMail extends RenderedMail {
  /** Becomes the Message-ID: who gets it twice, since its answer was lost, can tell. */
  readonly id: string;
  readonly to: string;
}

/**
 * What came of one attempt. `refused`: this mail is never accepted. `failed`: it may be later.
 * `away`: no mail is accepted at present.
 */
export type SmtpOutcome =
  | { readonly result: "delivered" }
  | { readonly result: "refused" | "failed" | "away"; readonly reason: string };

/** @param signal ends the attempt, which then has failed. */
export type SendBySmtp = (mail: OutgoingMail, signal: AbortSignal) => Promise<SmtpOutcome>;

/** 10 s to connect, and to be greeted. */
const CONNECT_TIMEOUT_MS = 10_000;
/** 20 s of silence: RFC 5321 §4.5.3.2 grants minutes, but nobody waits for a code so long. */
const SILENCE_TIMEOUT_MS = 20_000;
/** 60 s for all of it; the lease is longer, so that no two nodes send one mail at once. */
const ATTEMPT_TIMEOUT_MS = 60_000;

const MAX_REASON_CHARACTERS = 200;

export function createSendBySmtp(settings: SmtpSettings, clock: Clock): SendBySmtp {
  const connection = connectionOptions(settings);
  const auth = credentialsOf(settings.url);

  return async (mail, stopping) => {
    try {
      const { envelope, message } = await compose(mail, settings.from, clock);
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
      await deliver({ connection, auth, signal }, envelope, message);
      return { result: "delivered" };
    } catch (err) {
      return outcomeOf(err);
    }
  };
}

interface Access {
  readonly connection: ReturnType<typeof connectionOptions>;
  readonly auth: ReturnType<typeof credentialsOf>;
  readonly signal: AbortSignal;
}

/** A connection of its own for each mail: nothing is left open, and one that hangs holds up no other. */
async function deliver(
  { connection, auth, signal }: Access,
  envelope: { readonly from: string; readonly to: string[] },
  message: Buffer,
): Promise<void> {
  const { default: SmtpConnection } = await import("nodemailer/lib/smtp-connection");
  const smtp = new SmtpConnection(connection);
  const { promise: broken, reject } = Promise.withResolvers<never>();
  smtp.on("error", reject);
  smtp.on("end", () => reject(new Error("the server closed the connection")));
  const end = () => reject(new Error("it took too long, or this server stops"));
  signal.addEventListener("abort", end);
  const step = (begin: (done: (err?: Error | null) => void) => void) =>
    Promise.race([
      broken,
      new Promise<void>((resolve, fail) => {
        begin((err) => (err ? fail(err) : resolve()));
      }),
    ]);
  try {
    await step((done) => smtp.connect(done));
    if (auth !== undefined) await step((done) => smtp.login(auth, done));
    await step((done) => smtp.send(envelope, message, done));
    smtp.quit();
  } catch (err) {
    smtp.close();
    throw err;
  } finally {
    signal.removeEventListener("abort", end);
    broken.catch(() => {});
  }
}

async function compose(mail: OutgoingMail, from: string, clock: Clock) {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const node = new MailComposer({
    from,
    to: { name: "", address: mail.to },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    date: new Date(clock.nowMs()),
    messageId: `<${mail.id}@${domainOf(from)}>`,
    headers: {
      // RFC 3834 §5: nobody's vacation answers it.
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      "Content-Language": mail.language,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const { from: sender } = node.getEnvelope();
  return {
    envelope: { from: sender === false ? "" : sender, to: [mail.to] },
    message: await node.build(),
  };
}

function connectionOptions({ url, tls }: SmtpSettings) {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === "smtps:";
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    // RFC 8314 §3.3, RFC 6409 §3.1.
    port: port === "" ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && tls === "required",
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    tls: { minVersion: "TLSv1.2" as const },
  };
}

function credentialsOf(url: string): { user: string; pass: string } | undefined {
  const { username, password } = new URL(url);
  if (username === "") return undefined;
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

function domainOf(from: string): string {
  return from.replace(/^.*@/s, "").replace(/[>\s]+$/, "");
}

/** 5xx to the recipient or to what the mail says is about this mail; whatever else fails, about all. */
function outcomeOf(err: unknown): SmtpOutcome {
  const { command, responseCode, permanent }: Partial<NodemailerError> = toError(err);
  const reason = describe(err);
  if (command === "RCPT TO" || command === "DATA") {
    if (responseCode !== undefined) return { result: permanent ? "refused" : "failed", reason };
  }
  if (command === "API") return { result: "refused", reason };
  return { result: "away", reason };
}

function toError(err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err));
}

/** Servers like to repeat the recipient's address, which belongs in no log. */
function describe(err: unknown): string {
  const { message, response }: Error & Partial<NodemailerError> = toError(err);
  return (response ?? message)
    .replaceAll(/[^\s<>"']+@[^\s<>"']+/g, "…")
    .replaceAll(/\s+/g, " ")
    .slice(0, MAX_REASON_CHARACTERS);
}
