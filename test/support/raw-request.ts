import { request, type Agent } from "node:http";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  /** Instead of the URL's, sent as it stands. */
  readonly path?: string;
  /** Sent as it stands, `Host` included. */
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  /** Whose connections it may use; one of its own unless given. */
  readonly agent?: Agent;
  /** Ends it, as a client that waits no longer. */
  readonly signal?: AbortSignal;
}

/** A request as no well-behaved client sends it: any method, any header, redirects not followed. */
export function rawRequest(
  url: string | URL,
  { method = "GET", path, headers = {}, body, agent, signal }: RawRequest = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      agent: agent ?? false,
      ...(path === undefined ? {} : { path }),
      ...(signal === undefined ? {} : { signal }),
    };
    const req = request(url, options, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    req.on("error", reject);
    req.end(body);
  });
}

/** The OAuth error of an answer, which must be JSON. */
export function oauthErrorOf(answer: RawAnswer): string {
  const { error } = JSON.parse(answer.body) as { error?: unknown };
  if (typeof error !== "string")
    throw new Error(`no OAuth error in ${answer.status}: ${answer.body}`);
  return error;
}
