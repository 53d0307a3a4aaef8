import type { Provider } from "oidc-provider";
import type { ClientStore } from "../clients/client-store.js";
import { acrToTell, isRanked, MULTI_FACTOR_ACR, satisfies } from "./authentication-context.js";

/** Whether people have a second step: not at all, as they like, or all of them. */
export type SecondStepSetting = "off" | "optional" | "required";

/** What a sign-in must be to answer a request. */
export interface AuthenticationDemand {
  /** One of these classes; none is asked for when empty. */
  readonly anyOf: readonly string[];
  /** Who asks for a second step, whatever the classes. */
  readonly secondStep: "operator" | "client" | undefined;
}

interface AskedRequest {
  readonly clientId: string;
  /** As `/auth` takes them, those of request objects and the client's defaults included. */
  readonly params: Readonly<Record<string, unknown>>;
}

export type FindDemand = (request: AskedRequest) => Promise<AuthenticationDemand>;

export interface FindDemandDeps {
  readonly clients: Pick<ClientStore, "find">;
  readonly secondStep: SecondStepSetting;
}

export function createFindDemand({ clients, secondStep }: FindDemandDeps): FindDemand {
  return async ({ clientId, params }) => ({
    anyOf: findAskedClasses(params),
    secondStep:
      secondStep === "required"
        ? "operator"
        : (await clients.find(clientId))?.policy.secondStep === true
          ? "client"
          : undefined,
  });
}

/** Of sign-ins for no application. */
export function ownPagesDemand(secondStep: SecondStepSetting): AuthenticationDemand {
  return { anyOf: [], secondStep: secondStep === "required" ? "operator" : undefined };
}

export function meets(
  acr: string | undefined,
  { anyOf, secondStep }: AuthenticationDemand,
): boolean {
  if (secondStep !== undefined && !satisfies(acr, MULTI_FACTOR_ACR)) return false;
  return anyOf.length === 0 || anyOf.some((asked) => satisfies(acr, asked));
}

/**
 * An essential `acr` is asked for whatever it is (OpenID Connect Core §5.5.1.1). `acr_values` are a
 * wish there (§3.1.2.1), and the way in which an API asks for more in RFC 9470 §4: they are asked for
 * where one of them is a class whose strength is known here, else they stay a wish.
 */
function findAskedClasses(params: Readonly<Record<string, unknown>>): readonly string[] {
  const { isEssential, classes } = parseAcrClaim(params["claims"]);
  if (isEssential) return classes;
  const { acr_values: values } = params;
  const wished = typeof values === "string" && values !== "" ? values.split(" ") : classes;
  return wished.some(isRanked) ? wished : [];
}

function parseAcrClaim(claims: unknown) {
  const acr =
    typeof claims === "string"
      ? memberOf(memberOf(parseJson(claims), "id_token"), "acr")
      : undefined;
  return { isEssential: memberOf(acr, "essential") === true, classes: classesOf(acr) };
}

function classesOf(acrClaim: unknown): readonly string[] {
  const value = memberOf(acrClaim, "value");
  const values = memberOf(acrClaim, "values");
  const named = value === undefined ? [] : [value];
  return [...named, ...(Array.isArray(values) ? values : [])].map(String);
}

/** The library has checked it: what is no JSON has got an error before. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** Tokens, and the library's own checks, get the class in the words of who asked. */
export function tellAskedAcr(provider: Provider): void {
  const { prototype } = provider.OIDCContext;
  if (!Object.hasOwn(prototype, "acr")) throw new TypeError("the library keeps `acr` elsewhere");
  Object.defineProperty(prototype, "acr", {
    get(this: InstanceType<typeof provider.OIDCContext>) {
      return acrToTell(this.session?.acr, classesOf(this.claims.id_token?.["acr"]));
    },
  });
}
