import { createHash, X509Certificate } from "node:crypto";
import { AccessTokenError } from "./access-token-error.js";
import type { DpopAlgorithm, DpopOptions } from "./dpop-options.js";
import { assertDpopProof, type DpopRules } from "./dpop-proof.js";
import { createMemoryReplayStore } from "./dpop-replay-store.js";
import type { PresentedToken } from "./presented-token.js";
import type { ClientCertificate, RequestFacts } from "./request-facts.js";
import type { VerifiedAccessToken } from "./verified-access-token.js";
import type { VerifierClock } from "./clock.js";

/** Options of which nothing that decides is left out. */
export interface DpopSettings extends DpopOptions {
  readonly publicUrl: string;
  readonly algorithms: readonly DpopAlgorithm[];
}

export interface SenderConstraintSettings {
  /** Undefined: tokens bound to a DPoP key are refused. */
  readonly dpop: DpopSettings | undefined;
  readonly toleranceSeconds: number;
  readonly clock: VerifierClock;
}

/** 60 s: a proof is made for one request. */
const PROOF_MAX_AGE_SECONDS = 60;

export interface PresentedRequest extends PresentedToken {
  /** Undefined for a token that was given by itself. */
  readonly facts: RequestFacts | undefined;
  readonly nowSeconds: number;
}

/**
 * Whoever sends a token that is bound to a key has to hold it; a bearer token needs no proof, and
 * gets none (RFC 9449 §7.1 and §7.2, RFC 8705 §3).
 */
export function createSenderConstraint({ dpop, ...settings }: SenderConstraintSettings) {
  const rules = dpop === undefined ? undefined : readRules(dpop, settings);

  async function assertDpop(jkt: string, request: PresentedRequest): Promise<void> {
    const { facts, scheme, token, nowSeconds } = request;
    // RFC 9449 §7.2: a bound token is no bearer token, whoever sends it as one.
    if (dpop === undefined || rules === undefined || facts === undefined || scheme !== "DPoP") {
      throw new AccessTokenError("binding");
    }
    const [proof, ...others] = facts.dpop;
    if (proof === undefined || others.length > 0) throw new AccessTokenError("proof");
    const { method } = facts;
    const url = joinUrl(dpop.publicUrl, facts.url);
    await assertDpopProof(proof, { method, url, token, jkt, nowSeconds }, rules);
  }

  /** @throws AccessTokenError `binding`, `proof`, `proof_replayed`, `nonce`, `replay_store_full`. */
  return async ({ confirmation }: VerifiedAccessToken, request: PresentedRequest) => {
    const { jkt, certificateSha256 } = confirmation ?? {};
    if (certificateSha256 !== undefined) {
      assertCertificate(certificateSha256, request.facts?.certificate);
    }
    if (jkt !== undefined) await assertDpop(jkt, request);
    else if (request.scheme === "DPoP") throw new AccessTokenError("binding");
  };
}

function readRules(
  dpop: DpopSettings,
  settings: Omit<SenderConstraintSettings, "dpop">,
): DpopRules {
  return {
    algorithms: dpop.algorithms,
    proofMaxAgeSeconds: dpop.proofMaxAgeSeconds ?? PROOF_MAX_AGE_SECONDS,
    toleranceSeconds: settings.toleranceSeconds,
    replayStore: dpop.replayStore ?? createMemoryReplayStore(settings.clock),
    nonces: dpop.nonces,
  };
}

/** RFC 8705 §3.1: SHA-256 of the certificate in DER. */
function assertCertificate(expected: string, certificate: ClientCertificate | undefined): void {
  if (certificate === undefined) throw new AccessTokenError("binding");
  const thumbprint = createHash("sha256").update(toDer(certificate)).digest("base64url");
  if (thumbprint !== expected) throw new AccessTokenError("binding");
}

function toDer(certificate: ClientCertificate): Buffer {
  if (certificate instanceof X509Certificate) return certificate.raw;
  try {
    return new X509Certificate(certificate).raw;
  } catch (cause) {
    throw new AccessTokenError("binding", { cause });
  }
}

/** The address that the client asked for: the public one, and the path that came. */
function joinUrl(publicUrl: string, url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : (url.split(/[?#]/, 1)[0] ?? "");
  // Without its slash a path would become part of the host.
  return publicUrl.replace(/\/$/, "") + (path.startsWith("/") ? path : `/${path}`);
}
