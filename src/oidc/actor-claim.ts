/** Who acts for the subject, and who did before (RFC 8693 §4.1). */
export interface ActorClaim {
  readonly sub: string;
  readonly act?: ActorClaim;
}

/** Who would act: the subject of the actor token or, without one, the client. */
export interface Actor {
  readonly subject: string;
  /** The client that the actor token was issued to, or that acts itself. */
  readonly clientId: string;
}

/** @throws TypeError when `value` is none; only this server writes them. */
export function parseActorClaim(value: unknown): ActorClaim | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || !("sub" in value)) throw notAnActor();
  const { sub } = value;
  if (typeof sub !== "string") throw notAnActor();
  const act = parseActorClaim("act" in value ? value.act : undefined);
  return act === undefined ? { sub } : { sub, act };
}

/** The new actor outermost, those before inside. */
export function nestActor({ subject: sub }: Actor, before: ActorClaim | undefined): ActorClaim {
  return before === undefined ? { sub } : { sub, act: before };
}

/**
 * Whether a `may_act` claim lets this one act (RFC 8693 §4.4). Without the claim anybody may whom the
 * policy lets; of a claim with members that this server does not know, nobody.
 */
export function mayAct(claim: unknown, actor: Actor, issuer: string): boolean {
  if (claim === undefined) return true;
  if (typeof claim !== "object" || claim === null) return false;
  const expected: Record<string, string> = {
    sub: actor.subject,
    client_id: actor.clientId,
    iss: issuer,
  };
  const members = Object.entries(claim);
  return "sub" in claim && members.every(([name, value]) => expected[name] === value);
}

function notAnActor(): TypeError {
  return new TypeError("an act claim names no subject");
}
