/** Fields whose value is a secret, wherever an object that is logged carries them. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "password",
  "secret",
  "client_secret",
  "clientSecret",
  "secretKey",
  "secretKeyPrevious",
  "secretKeys",
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
]);

const CENSORED = "[redacted]";

/**
 * The same object, or a copy without the secrets among its fields and those of the objects in it.
 *
 * @param levels how deep to look; 1: the fields of `record` itself.
 */
export function redactSecrets(record: object, levels: number): object {
  let copy: object | undefined;
  for (const [name, value] of Object.entries(record)) {
    const shown = redactField(name, value, levels);
    if (shown === value) continue;
    copy ??= Array.isArray(record) ? [...record] : { ...record };
    Reflect.set(copy, name, shown);
  }
  return copy ?? record;
}

function redactField(name: string, value: unknown, levels: number): unknown {
  if (SECRET_FIELDS.has(name)) return value === undefined ? undefined : CENSORED;
  if (levels === 1 || typeof value !== "object" || value === null) return value;
  return redactSecrets(value, levels - 1);
}
