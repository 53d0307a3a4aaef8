import type { Context } from "koa";
import { isDisplayName } from "../../accounts/account-names.js";
import { normalizeIdentifier, type Account } from "../../accounts/account.js";
import { InvalidAccountError } from "../../accounts/create-account.js";
import { methodsOf } from "../../accounts/passkey-sign-in.js";
import type { NewPasskey } from "../../accounts/passkey.js";
import { message } from "../../lib/message.js";
import { PASSWORD_ACR, PHISHING_RESISTANT_ACR } from "../../oidc/authentication-context.js";
import { languageOf } from "../language-of.js";
import type { SignUpDeps, SignUpState } from "./sign-up-deps.js";
import type { FieldProblem } from "../account/field-problem.js";

/** The last step: a name, and a password or a passkey, and there is an account. */
export interface SignUpAccount {
  show(ctx: Context, id: string, state: SignUpState): Promise<void>;
  submit(
    ctx: Context,
    form: { readonly id: string; readonly fields: Readonly<Record<string, string>> },
    state: SignUpState,
  ): Promise<void>;
  /** The same with a passkey. */
  submitPasskey(
    ctx: Context,
    form: { readonly id: string; readonly fields: Readonly<Record<string, string>> },
    state: SignUpState,
  ): Promise<void>;
  showDone(ctx: Context, id: string, state: SignUpState): Promise<void>;
}

type WayIn = { readonly password: string } | { readonly passkey: NewPasskey };

export function createSignUpAccount(deps: SignUpDeps): SignUpAccount {
  const { signUp, journeys, waysBack, passkeyCeremonies, formGuard, render, audit } = deps;
  const { clock, basePath } = deps;

  async function renderForm(
    ctx: Context,
    { id, state, name }: { id: string; state: SignUpState; name: string },
    problems: readonly FieldProblem[] = [],
  ): Promise<void> {
    await waysBack.know(ctx, id, state.wayBack);
    render(
      ctx,
      "sign-up/account",
      {
        action: `${journeys.pathOf(id)}/account`,
        csrfToken: formGuard.issue(ctx, id),
        email: state.email,
        name,
        minPasswordLength: deps.minPasswordLength,
        passkey: await passkeyCeremonies.askForFirst(ctx, {
          purpose: purposeOf(id),
          action: `${journeys.pathOf(id)}/passkey`,
          user: { name: state.email, displayName: name === "" ? state.email : name },
        }),
        problems,
      },
      problems.length === 0 ? 200 : 422,
    );
  }

  async function create(
    ctx: Context,
    state: SignUpState,
    { name, wayIn }: { readonly name: string; readonly wayIn: WayIn },
  ): Promise<Account | undefined | readonly FieldProblem[]> {
    if (!isDisplayName(name)) return [{ field: "name", text: message("signup.name-invalid") }];
    const { email, terms } = state;
    try {
      return await signUp.complete({ email, name, wayIn, language: languageOf(ctx), terms });
    } catch (err) {
      if (!(err instanceof InvalidAccountError)) throw err;
      return err.problems.map((text) => ({ field: "password", text }));
    }
  }

  function tell(ctx: Context, { id: accountId }: Account): void {
    const shared = {
      outcome: "success",
      accountId,
      by: "sign_up",
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    } as const;
    audit({ ...shared, event: "account.created" });
    audit({ ...shared, event: "sign_in" });
  }

  /** Somebody was quicker with this address: another tab of the same person, as a rule. */
  async function leadOn(ctx: Context, id: string, state: SignUpState): Promise<void> {
    const current = await deps.browserAccounts.findCurrent(ctx);
    const isOwn =
      current?.account.email !== undefined &&
      normalizeIdentifier(current.account.email) === normalizeIdentifier(state.email);
    if (isOwn) {
      journeys.save(ctx, id, { ...state, isDone: true });
      ctx.status = 303;
      return ctx.redirect(journeys.pathOf(id));
    }
    const path = journeys.pathOf(id);
    render(
      ctx,
      "journey-ended",
      {
        heading: message("signup.taken-heading"),
        explanation: message("signup.taken", { email: state.email }),
        ways: [
          { href: `${path}/sign-in`, label: message("common.sign-in") },
          { href: `${basePath}/reset`, label: message("reset.title") },
        ],
      },
      409,
    );
  }

  async function finish(
    ctx: Context,
    { id, name, wayIn }: { readonly id: string; readonly name: string; readonly wayIn: WayIn },
    state: SignUpState,
  ): Promise<void> {
    const signedInAtSeconds = clock.nowSeconds();
    const created = await create(ctx, state, { name, wayIn });
    if (created === undefined) return leadOn(ctx, id, state);
    if (isRefused(created)) return renderForm(ctx, { id, state, name }, created);
    tell(ctx, created);
    journeys.save(ctx, id, { ...state, isDone: true });
    const { isHere } = await waysBack.know(ctx, id, state.wayBack);
    const proven = {
      accountId: created.id,
      ...provenBy(wayIn),
      keep: false,
      signedInAtSeconds,
    };
    // In another browser the application knows nothing of the request.
    return isHere
      ? waysBack.signIn(ctx, state.wayBack, proven)
      : waysBack.signInAt(ctx, `/sign-up/${id}`, proven);
  }

  return {
    show: (ctx, id, state) => renderForm(ctx, { id, state, name: "" }),

    submit(ctx, { id, fields }, state) {
      const wayIn = { password: fields["password"] ?? "" };
      return finish(ctx, { id, name: (fields["name"] ?? "").trim(), wayIn }, state);
    },

    async submitPasskey(ctx, { id, fields }, state) {
      const name = (fields["name"] ?? "").trim();
      const read = await passkeyCeremonies.readFirst(ctx, { purpose: purposeOf(id), fields });
      if (read.outcome === "read") {
        return finish(ctx, { id, name, wayIn: { passkey: read.passkey } }, state);
      }
      const problem = { field: "passkey-button", text: message("passkeys.not-added") };
      return renderForm(ctx, { id, state, name }, [problem]);
    },

    async showDone(ctx, id, state) {
      const { request, client, clientName, isHere } = await waysBack.know(ctx, id, state.wayBack);
      const canGoOn = request !== undefined && (isHere || client?.initiateLoginUri !== undefined);
      render(ctx, "sign-up/done", {
        email: state.email,
        clientName,
        isElsewhere: !isHere,
        continueAction: canGoOn ? `${journeys.pathOf(id)}/continue` : undefined,
        csrfToken: formGuard.issue(ctx, id),
        accountUrl: `${basePath}/account`,
      });
    },
  };
}

function isRefused(created: Account | readonly FieldProblem[]): created is readonly FieldProblem[] {
  return Array.isArray(created);
}

/** What is typed and made on one page counts for its sign-up alone. */
function purposeOf(id: string): string {
  return `sign-up.${id}`;
}

/** Making a passkey takes what using it takes: the device, and its owner. */
function provenBy(wayIn: WayIn) {
  if ("password" in wayIn) return { acr: PASSWORD_ACR, amr: ["pwd"] };
  return { acr: PHISHING_RESISTANT_ACR, amr: methodsOf(wayIn.passkey) };
}
