import { errors } from "oidc-provider";
import type { FinishAnswer } from "./finish-answers.js";

/** draft-ietf-oauth-first-party-apps-04 §5.2.2.1, §6.2: the client has to take another step. */
export class InsufficientAuthorization extends errors.OIDCProviderError {
  constructor(description: string) {
    super(403, "insufficient_authorization");
    this.error_description = description;
  }
}

/** The password was right, and is not enough: no form of an application asks for the rest. */
export class SecondStepNeeded extends InsufficientAuthorization {
  constructor() {
    super("a second step is needed: use a browser");
  }
}

/** draft-ietf-oauth-first-party-apps-04 §5.2.2.1.1: only a browser leads on. */
export class RedirectToWeb extends errors.OIDCProviderError {
  constructor(description: string) {
    super(403, "redirect_to_web");
    this.error_description = description;
  }
}

/** draft-ietf-oauth-first-party-apps-04 §5.2.2.1. */
export class InvalidAuthSession extends errors.OIDCProviderError {
  constructor() {
    super(400, "invalid_session");
    this.error_description = "auth_session is not known, has expired or belongs to another client";
  }
}

/** The same for every account, there or not (RFC 6749 §5.2). */
export class WrongCredentials extends errors.OIDCProviderError {
  constructor() {
    super(400, "invalid_grant");
    this.error_description = "the user name or the password is not right";
  }
}

const MEMBERS = Symbol("members of the answer");

interface AnswerContext {
  readonly state: { [MEMBERS]?: object };
}

/** Adds members to the answer of this request, which the library makes of an error alone. */
export function addToAnswer(ctx: AnswerContext, members: object): void {
  ctx.state[MEMBERS] = { ...ctx.state[MEMBERS], ...members };
}

export const tellAddedMembers: FinishAnswer = (ctx) => {
  const { state }: AnswerContext = ctx;
  const members = state[MEMBERS];
  const body: unknown = ctx.body;
  if (members !== undefined && typeof body === "object") ctx.body = { ...body, ...members };
};
