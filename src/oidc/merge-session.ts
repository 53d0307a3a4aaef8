import { isDeepStrictEqual } from "node:util";
import type { ModelPayload } from "./model-store.js";

/** A stored session in three states. */
export interface SessionVersions {
  /** As a request read it. */
  readonly base: ModelPayload;
  /** What the request made of it. */
  readonly ours: ModelPayload;
  /** What another request made of it meanwhile. */
  readonly theirs: ModelPayload;
}

/** Both changes in one. Where both changed the same, ours counts; applications are changed one by one. */
export function mergeSession({ base, ours, theirs }: SessionVersions): ModelPayload {
  return {
    ...merge({ base, ours, theirs }),
    authorizations: merge({
      base: authorizationsOf(base),
      ours: authorizationsOf(ours),
      theirs: authorizationsOf(theirs),
    }),
  };
}

function merge({ base, ours, theirs }: SessionVersions): ModelPayload {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const members = [...names].map((name): [string, unknown] => {
    const isOurs = !isDeepStrictEqual(memberOf(ours, name), memberOf(base, name));
    return [name, memberOf(isOurs ? ours : theirs, name)];
  });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** By client ids, which may be names of the prototype. */
function memberOf(payload: ModelPayload, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined;
}

function authorizationsOf({ authorizations }: ModelPayload): ModelPayload {
  return typeof authorizations === "object" && authorizations !== null ? { ...authorizations } : {};
}
