import { LatchkeyError } from "../lib/errors.js";

/** Why a sign-in at another provider came to nothing; each has words in `http/` and in the docs. */
export const FEDERATION_PROBLEMS = [
  /** There is none such, or it was switched off or changed under way. */
  "provider_unavailable",
  /** It did not answer, or not in time, or with an error of its own. */
  "upstream_unreachable",
  /** What it answers is not what the standard says; also another issuer and broken signatures. */
  "upstream_invalid",
  /** It does not take us: an unknown client, a wrong secret, an unregistered redirect URI. */
  "upstream_rejects_us",
  /** The person said no, or has no access there. */
  "upstream_refused",
  /** It asks to come again later. */
  "upstream_busy",
  /** It has to be asked anew: the person did nothing there in time. */
  "upstream_needs_person",
  /** The code that came back is used, too old or not of this attempt. */
  "code_refused",
  /** The person did not prove itself as lately as was demanded. */
  "not_fresh",
  /** It cannot be asked for that. */
  "freshness_unsupported",
  /** There is no such attempt in this browser: forged, lost, or begun elsewhere. */
  "attempt_unknown",
  "attempt_expired",
  /** It was used before. */
  "attempt_used",
] as const;

export type FederationProblem = (typeof FEDERATION_PROBLEMS)[number];

/** `detail` is for operators; people are told by `code`. */
export class FederationError extends LatchkeyError {
  readonly problem: FederationProblem;
  readonly detail: string;

  constructor(problem: FederationProblem, detail: string, cause?: unknown) {
    super(problem, detail, { status: STATUS[problem], cause });
    this.problem = problem;
    this.detail = detail;
  }
}

/** 502 and 504 would be taken for the proxy's own; what the person can repair is 400. */
const STATUS: Record<FederationProblem, number> = {
  provider_unavailable: 404,
  upstream_unreachable: 503,
  upstream_invalid: 503,
  upstream_rejects_us: 503,
  upstream_refused: 403,
  upstream_busy: 503,
  upstream_needs_person: 400,
  code_refused: 400,
  not_fresh: 403,
  freshness_unsupported: 400,
  attempt_unknown: 400,
  attempt_expired: 400,
  attempt_used: 400,
};
