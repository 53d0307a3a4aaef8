import { once } from "node:events";
import {
  Agent,
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** Sends every request to another server than the one before, sessions or not. */
export interface Balancer {
  readonly port: number;
  /** How many requests each server answered, in the order given. */
  readonly answered: readonly number[];
  close(): Promise<void>;
}

/**
 * As a simple HTTP balancer does: a server that refuses the connection is passed over; a request
 * that was sent is never sent again, and when its connection breaks, so does the client's.
 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const answered = ports.map(() => 0);
  let turn = 0;

  const server = createServer((incoming, outgoing) => {
    void readBody(incoming).then(
      (body) =>
        forward({ incoming, outgoing, body }, { index: turn++, attemptsLeft: ports.length }),
      () => outgoing.destroy(),
    );
  });

  function forward(exchange: Exchange, { index, attemptsLeft }: Choice): void {
    const { incoming, outgoing, body } = exchange;
    const choice = index % ports.length;
    const onward = request(
      {
        agent,
        host: "127.0.0.1",
        port: ports[choice],
        method: incoming.method,
        path: incoming.url,
        headers: onwardHeaders(incoming, body),
        setDefaultHeaders: false,
      },
      (answer) => {
        answered[choice] = (answered[choice] ?? 0) + 1;
        outgoing.writeHead(answer.statusCode ?? 502, withoutConnection(answer));
        answer.pipe(outgoing);
        answer.on("error", () => outgoing.destroy());
      },
    );
    onward.on("error", (err: NodeJS.ErrnoException) => {
      if (err.code === "ECONNREFUSED" && attemptsLeft > 1) {
        forward(exchange, { index: index + 1, attemptsLeft: attemptsLeft - 1 });
      } else {
        outgoing.destroy();
      }
    });
    onward.end(body);
  }

  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    answered,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
}

interface Choice {
  readonly index: number;
  readonly attemptsLeft: number;
}

/** Of this connection, not of the message (RFC 9110 §7.6.1). */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** A body is sent on as one piece. */
function onwardHeaders(incoming: IncomingMessage, body: Buffer): IncomingHttpHeaders {
  const headers = withoutConnection(incoming);
  return body.length === 0 ? headers : { ...headers, "content-length": String(body.length) };
}

function withoutConnection({ headers }: IncomingMessage): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
