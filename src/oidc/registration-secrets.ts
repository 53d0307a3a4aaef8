import type { Context, Middleware, Next } from "koa";
import { hashClientSecret, isClientSecretHash } from "../clients/client-secret.js";

/** The library's own limit for request bodies. */
const MAX_BODY_BYTES = 56 * 1024;

/**
 * Client configuration endpoint (RFC 7592) for clients whose secret is stored as a hash: an update
 * may repeat the secret, which the library compares with what is stored, and an answer must not
 * show the hash.
 */
export function createRegistrationSecrets(registrationPath: string): Middleware {
  const prefix = `${registrationPath}/`;
  return (ctx, next) => (ctx.path.startsWith(prefix) ? manage(ctx, next) : next());

  async function manage(ctx: Context, next: Next): Promise<void> {
    if (ctx.method === "PUT") hashRepeatedSecret(ctx.req);
    await next();
    if (!isObject(ctx.body)) return;
    const { client_secret: secret, ...withoutSecret } = ctx.body;
    if (typeof secret === "string" && isClientSecretHash(secret)) ctx.body = withoutSecret;
  }
}

/** Replaces the secret while the library reads the body, so that the body is read only once. */
function hashRepeatedSecret(req: Parameters<Middleware>[0]["req"]): void {
  const read = req.iterator.bind(req);
  if (req.headers["content-length"] !== undefined) {
    // What the library reads has another length than what was sent, and is a body all the same.
    delete req.headers["content-length"];
    req.headers["transfer-encoding"] = "chunked";
  }
  async function* readHashed(options?: {
    destroyOnReturn?: boolean;
  }): AsyncGenerator<Buffer, undefined> {
    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    for await (const chunk of read(options)) {
      chunks.push(chunk);
      receivedBytes += chunk.length;
      if (receivedBytes > MAX_BODY_BYTES) break;
    }
    yield withHashedSecret(Buffer.concat(chunks));
    return undefined;
  }
  req.iterator = readHashed;
}

function withHashedSecret(body: Buffer): Buffer {
  try {
    const metadata: unknown = JSON.parse(body.toString("utf8"));
    if (isObject(metadata) && typeof metadata["client_secret"] === "string") {
      const secret = hashClientSecret(metadata["client_secret"]);
      return Buffer.from(JSON.stringify({ ...metadata, client_secret: secret }));
    }
  } catch {
    // Not JSON: the library answers for it.
  }
  return body;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
