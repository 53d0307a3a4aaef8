import { once } from "node:events";
import { connect } from "node:net";

export interface Answer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

/** Sends one request after the other, as text. */
export interface KeepAliveConnection {
  send(request: string): Promise<Answer>;
  close(): void;
}

/**
 * HTTP/1.1 with as little work as can be, so that who measures is not what is measured: only
 * answers with a Content-Length, and no request before the last was answered.
 */
export async function openKeepAliveConnection(port: number): Promise<KeepAliveConnection> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let received = "";
  let waiting: PromiseWithResolvers<Answer> | undefined;

  const fail = (err: Error) => {
    waiting?.reject(err);
    waiting = undefined;
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    received += chunk;
    const answer = parseAnswer(received);
    if (answer === undefined) return;
    received = "";
    waiting?.resolve(answer);
    waiting = undefined;
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the server closed the connection")));

  return {
    send(request) {
      waiting = Promise.withResolvers<Answer>();
      socket.write(request, "latin1");
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

/** @returns undefined while there is more to come. */
function parseAnswer(text: string): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = headerOf(head, "content-length");
  if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
  const body = text.slice(end + 4);
  return body.length < Number(length)
    ? undefined
    : { status: Number(head.slice(9, 12)), head, body };
}

/** @param name in lower case. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\r\n${name}: ([^\r]*)`, "i").exec(head)?.[1];
}
