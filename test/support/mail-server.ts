import { createServer, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { callbackify } from "node:util";
import { simpleParser, type ParsedMail } from "mailparser";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import { eventually } from "./eventually.js";
import { freePort } from "./free-port.js";

/** How a mail server behaves. */
export type MailServerMode =
  | "well"
  /** Takes connections and says nothing. */
  | "silent"
  /** 451 to every recipient. */
  | "busy"
  /** 550 to every recipient, with the address in it. */
  | "refusing"
  /** 554 to what the mail says. */
  | "refusing-content"
  /** Nobody listens. */
  | "down";

export interface ReceivedMail {
  readonly to: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly parsed: ParsedMail;
  readonly isEncrypted: boolean;
  /** Empty: none. */
  readonly user: string;
}

/** A real SMTP server that keeps what it gets. */
export interface MailServer {
  readonly port: number;
  /** For SMTP_URL. */
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** Connections so far, whatever became of them. */
  connections(): number;
  /** Resolves with the newest mail to an address once there are `count` of them. */
  mailTo(address: string, count?: number): Promise<ReceivedMail>;
  be(mode: MailServerMode): Promise<void>;
  close(): Promise<void>;
}

export interface MailServerOptions {
  readonly mode?: MailServerMode;
  /** PEM texts: it offers STARTTLS then. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Time that it takes a mail. */
  readonly delayMs?: number;
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const port = await freePort();
  const received: ReceivedMail[] = [];
  let mode = options.mode ?? "well";
  let connections = 0;
  let close = () => Promise.resolve();

  async function take(stream: Readable, session: SMTPServerSession): Promise<void> {
    const parsed = await simpleParser(stream);
    await delay(options.delayMs ?? 0);
    if (mode === "refusing-content") throw answer(554, "looks like spam");
    received.push({
      to: session.envelope.rcptTo[0]?.address ?? "",
      from: parsed.from?.text ?? "",
      subject: parsed.subject ?? "",
      text: parsed.text ?? "",
      html: parsed.html || "",
      parsed,
      isEncrypted: session.secure,
      user: String(session.user ?? ""),
    });
  }

  function createSmtp(): SMTPServer {
    const { tls, credentials } = options;
    return new SMTPServer({
      ...tls,
      disabledCommands: [
        ...(tls === undefined ? ["STARTTLS"] : []),
        ...(credentials === undefined ? ["AUTH"] : []),
      ],
      authOptional: credentials === undefined,
      logger: false,
      disableReverseLookup: true,
      onConnect(_session, done) {
        connections += 1;
        done();
      },
      onAuth({ username, password }, _session, done) {
        const isRight = username === credentials?.user && password === credentials?.password;
        if (isRight) done(null, { user: username ?? "" });
        else done(new Error("535 wrong"));
      },
      onRcptTo({ address }, _session, done) {
        if (mode === "busy") return done(answer(451, "try again later"));
        if (mode === "refusing") return done(answer(550, `<${address}> no such user`));
        return done();
      },
      onData(stream, session, done) {
        callbackify(take)(stream, session, done);
      },
    });
  }

  async function listen(): Promise<void> {
    if (mode === "down") {
      close = () => Promise.resolve();
    } else if (mode === "silent") {
      const { server, end } = createSilentServer(() => (connections += 1));
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      close = end;
    } else {
      const smtp = createSmtp();
      smtp.on("error", () => {});
      await new Promise<void>((resolve) => smtp.listen(port, "127.0.0.1", resolve));
      close = () => new Promise((resolve) => smtp.close(resolve));
    }
  }

  await listen();
  const user = options.credentials;
  return {
    port,
    url: `smtp://${user === undefined ? "" : `${user.user}:${encodeURIComponent(user.password)}@`}localhost:${port}`,
    received,
    connections: () => connections,
    async mailTo(address, count = 1) {
      const toIt = () => received.filter(({ to }) => to === address);
      await eventually(`${count} mails to ${address}`, () => toIt().length >= count);
      return toIt().at(-1) as ReceivedMail;
    },
    async be(next) {
      const isListening = mode !== "down" && mode !== "silent";
      const stays = isListening && next !== "down" && next !== "silent";
      mode = next;
      if (stays) return;
      await close();
      await listen();
    },
    close: () => close(),
  };
}

function answer(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}

function createSilentServer(seen: () => void): { server: Server; end: () => Promise<void> } {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    seen();
    sockets.add(socket);
    socket.on("error", () => {});
  });
  return {
    server,
    end: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
