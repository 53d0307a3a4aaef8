import { Provider, errors } from "oidc-provider";
import { LatchkeyError } from "../lib/errors.js";
import { mapRejections } from "../lib/map-rejections.js";

/**
 * The same store, whose outages (LatchkeyError of status 503) become the OAuth error
 * `temporarily_unavailable` with status 503 and `Retry-After`. Any other error stays a 500 of the
 * library. Without it the library would call an outage a programming error.
 *
 * @param onOutage is told of each.
 */
export function translateOutages<Store extends object>(store: Store, onOutage?: () => void): Store {
  return mapRejections(store, (err) => {
    if (!(err instanceof LatchkeyError) || err.status !== 503) return err;
    onOutage?.();
    return temporarilyUnavailable(err);
  });
}

/** Whether a store translated by `translateOutages` failed for that reason. */
export function isOutage(err: unknown): boolean {
  return err instanceof errors.TemporarilyUnavailable;
}

export function temporarilyUnavailable(cause: LatchkeyError): Error {
  Provider.ctx?.set("Retry-After", String(cause.retryAfterSeconds ?? 1));
  const err = new errors.TemporarilyUnavailable("the server is temporarily unable to answer", {
    cause,
    detail: cause.code,
  });
  // A page here and not at the client, which could only show the same later.
  return Object.assign(err, { status: 503, statusCode: 503, allow_redirect: false });
}
