import type Router from "@koa/router";
import type { Context } from "koa";
import { PROFILE_FIELDS, readField, type ProfileField } from "../../accounts/profile-fields.js";
import { LANGUAGES } from "../../language/languages.js";
import { message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountDeps, AccountForm } from "./account-deps.js";
import { ACCOUNT_PAGES, type createFrame } from "./account-frame.js";
import type { FieldProblem } from "./field-problem.js";
import type { AccountGuard } from "./guard.js";
import type { Notices } from "./notice.js";

export interface ProfilePageDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
  readonly notices: Notices;
}

/** `/account/profile`: what applications are told of the person, as far as the operator lets them. */
export function addProfilePage(router: Router, deps: ProfilePageDeps): void {
  const { browserAccounts, guard, frame, notices, render, basePath } = deps;
  const { path } = ACCOUNT_PAGES.profile;
  const fields = PROFILE_FIELDS.filter((field) =>
    deps.settings.profileClaims.includes(field.split(".")[0] ?? field),
  );

  router.get(path, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "profile");
    return show(ctx, current, {}, []);
  });

  router.post(path, guard.signedIn(save));

  async function save(ctx: Context, { current, fields: sent }: AccountForm): Promise<void> {
    if ((await findManager(current)) !== undefined) return show(ctx, current, {}, []);
    const { id: accountId } = current.account;
    const typed = fields.map((field) => {
      const shown = sent[`was-${idOf(field)}`] ?? "";
      // One that the form does not have stays.
      return { field, value: (sent[idOf(field)] ?? shown).trim(), shown };
    });
    const { problems, changed } = await deps.changeProfile(accountId, typed);
    if (problems.length > 0) {
      const said = problems.map(({ field, text }) => ({ field: idOf(field), text }));
      return show(ctx, current, sent, said);
    }
    if (changed.length > 0) {
      deps.audit({
        event: "account.changed",
        outcome: "success",
        action: "profile",
        by: "account",
        accountId,
        changed,
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
    }
    notices.leave(ctx, current.uid, message("profile.saved"));
    ctx.status = 303;
    ctx.redirect(basePath + path);
  }

  /** The provider that says who the person is at each sign-in, if there is one. */
  async function findManager({ account }: HeldSession): Promise<string | undefined> {
    const [identities, providers] = await Promise.all([
      deps.federatedIdentities.listOfAccount(account.id),
      deps.upstreamProviders.list(),
    ]);
    return providers.find(
      ({ issuer, takesOverProfile, disabled }) =>
        takesOverProfile && !disabled && identities.some((each) => each.issuer === issuer),
    )?.displayName;
  }

  // oxlint-disable-next-line max-params -- whose, what was sent, and what was wrong with it
  async function show(
    ctx: Context,
    current: HeldSession,
    sent: Readonly<Record<string, string>>,
    problems: readonly FieldProblem[],
  ): Promise<void> {
    const account = (await deps.accounts.find(current.account.id)) ?? current.account;
    const data = {
      ...(await frame(ctx, current, { page: "profile" })),
      action: basePath + path,
      manager: await findManager(current),
      fields: fields.map((field) => {
        const stored = readField(account.profile, field);
        const id = idOf(field);
        const typed = sent[id];
        // What the person did not touch shows what it is by now.
        const value = typed === undefined || typed === sent[`was-${id}`] ? stored : typed;
        return { ...describeField(field), name: id, shown: stored, value };
      }),
      problems,
    };
    render(ctx, "account/profile", data, problems.length > 0 ? 422 : 200);
  }
}

/** No dot, which selectors and links would stumble over. */
function idOf(field: ProfileField): string {
  return field.replace(".", "-").replaceAll("_", "-");
}

const AUTOCOMPLETE: { readonly [Field in ProfileField]?: string } = {
  name: "name",
  given_name: "given-name",
  middle_name: "additional-name",
  family_name: "family-name",
  nickname: "nickname",
  website: "url",
  phone_number: "tel",
  "address.street_address": "street-address",
  "address.locality": "address-level2",
  "address.region": "address-level1",
  "address.postal_code": "postal-code",
  "address.country": "country-name",
};

const HINTED = new Set(["birthdate", "phone_number", "picture", "zoneinfo", "profile"]);

function describeField(field: ProfileField) {
  const id = idOf(field);
  return {
    label: message(`profile.label-${id}`),
    hint: HINTED.has(field) ? message(`profile.hint-${id}`) : undefined,
    autocomplete: AUTOCOMPLETE[field],
    options: field === "locale" ? LOCALES : undefined,
  };
}

const LOCALES = [
  { value: "", label: "–" },
  ...Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, label: name })),
];
