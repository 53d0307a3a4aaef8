/** The global `fetch`, or one with an agent, a proxy or certificates of your own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface BoundedFetchLimits {
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

export interface FetchedBody {
  readonly body: string;
  readonly headers: Headers;
}

/** An answer that is not 200. */
export class UnexpectedStatusError extends Error {
  readonly status: number;

  constructor(url: string, status: number) {
    super(`${url} answered with status ${status}`);
    this.name = "UnexpectedStatusError";
    this.status = status;
  }
}

export type BoundedFetch = (url: string, init: RequestInit) => Promise<FetchedBody>;

/** Requests to the issuer: limited in time and size, body included, and never redirected elsewhere. */
export function createBoundedFetch(limits: BoundedFetchLimits): BoundedFetch {
  return async (url, init) => {
    const response = await limits.fetch(url, {
      ...init,
      redirect: "error",
      signal: AbortSignal.timeout(limits.timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new UnexpectedStatusError(url, response.status);
    }
    return { body: await readBody(url, response, limits.maxBodyBytes), headers: response.headers };
  };
}

async function readBody(url: string, response: Response, maxBodyBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`${url} answered with over ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** @returns how long an answer says that it is fresh (RFC 9111 §4.2); undefined when it says nothing. */
export function findFreshSeconds(headers: Headers): number | undefined {
  const directives = headers.get("Cache-Control")?.toLowerCase() ?? "";
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/.test(directives)) return 0;
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,10})/.exec(directives)?.[1];
  if (maxAge === undefined) return undefined;
  const age = /^\d{1,10}$/.exec(headers.get("Age") ?? "0")?.[0] ?? "0";
  return Math.max(0, Number(maxAge) - Number(age));
}
