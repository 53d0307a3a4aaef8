import type { Provider } from "oidc-provider";
import { generateClientId } from "../clients/client-id.js";
import { generateClientSecret, hashClientSecret } from "../clients/client-secret.js";
import type {
  ClientMetadata,
  ClientPolicy,
  ClientStore,
  PolicyChanges,
} from "../clients/client-store.js";
import { findUnsafeUri } from "../clients/find-unsafe-uri.js";
import { CLIENT_COLOUR, deriveClientColours } from "../lib/client-colours.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Audit } from "../lib/audit.js";
import type { Theme } from "../lib/theme.js";
import type { EndingStore } from "../sessions/ending-store.js";
import type { Revocations } from "../tokens/revocations.js";

export interface NewClient {
  /** Random when undefined. */
  readonly clientId?: string | undefined;
  readonly metadata: ClientMetadata;
  readonly policy: ClientPolicy;
  readonly demonstration: boolean;
}

export interface ClientCredentialsOnce {
  readonly clientId: string;
  /** Shown now and never again; undefined for a client that authenticates without a secret. */
  readonly clientSecret: string | undefined;
}

/** What an administrator does to clients, by the same rules as dynamic registration. */
export interface ClientAdministration {
  /** @throws LatchkeyError `invalid_client_metadata`, `invalid_colour`, `client_exists` */
  create(client: NewClient): Promise<ClientCredentialsOnce>;
  /** @throws LatchkeyError `invalid_colour`, `client_unknown` */
  change(clientId: string, changes: PolicyChanges): Promise<void>;
  /** @throws LatchkeyError `client_unknown`, `client_without_secret` */
  rotateSecret(clientId: string): Promise<ClientCredentialsOnce>;
  /** @returns false when there is no such client. */
  delete(clientId: string): Promise<boolean>;
  /** @param expiresInSeconds undefined: never. */
  createInitialAccessToken(expiresInSeconds: number | undefined): Promise<string>;
}

export interface ClientAdministrationDeps {
  readonly provider: Provider;
  readonly clients: ClientStore;
  readonly revocations: Pick<Revocations, "revoke">;
  readonly endings: Pick<EndingStore, "request">;
  readonly audit: Audit;
  /** A client's colour must be legible in it. */
  readonly theme?: Theme | undefined;
}

export function createClientAdministration({
  provider,
  clients,
  revocations,
  endings,
  audit,
  theme,
}: ClientAdministrationDeps): ClientAdministration {
  return {
    async create({ clientId = generateClientId(), metadata, policy, demonstration }) {
      assertTrusted(policy, metadata);
      assertLegible(policy.colour, theme);
      const clientSecret = needsSecret(metadata) ? generateClientSecret() : undefined;
      await assertValid(provider, { ...metadata, client_id: clientId }, clientSecret);
      const secretHash = clientSecret === undefined ? undefined : hashClientSecret(clientSecret);
      const createdBy = "administrator" as const;
      await clients.create({ clientId, metadata, secretHash, policy, createdBy, demonstration });
      audit({ event: "client.registered", outcome: "success", clientId, by: "administrator" });
      return { clientId, clientSecret };
    },

    async change(clientId, changes) {
      assertLegible(changes.colour, theme);
      if (!(await clients.changePolicy(clientId, changes))) throw clientUnknown(clientId);
      audit({ event: "client.updated", outcome: "success", clientId, action: actionOf(changes) });
    },

    async rotateSecret(clientId) {
      const record = await clients.findLatest(clientId);
      if (record === undefined) throw clientUnknown(clientId);
      if (record.secretHash === undefined) {
        const message = `The client "${clientId}" authenticates without a secret.`;
        throw new LatchkeyError("client_without_secret", message, { status: 409 });
      }
      const clientSecret = generateClientSecret();
      await clients.setSecretHash(clientId, hashClientSecret(clientSecret));
      audit({ event: "client.updated", outcome: "success", clientId, action: "rotate-secret" });
      return { clientId, clientSecret };
    },

    async delete(clientId) {
      // Before: a client that is not there cannot be deleted again, should only half be done.
      await revocations.revoke([{ subject: "client", id: clientId }]);
      const deleted = await clients.delete(clientId);
      // Afterwards, so that nobody is told who is there no more. Its part in sessions and its grants
      // open nothing; a server clears them up.
      await endings.request({ subject: "client", id: clientId, reason: "administrator" }, 0);
      if (deleted) audit({ event: "client.deleted", outcome: "success", clientId });
      return deleted;
    },

    createInitialAccessToken: (expiresInSeconds) =>
      new provider.InitialAccessToken(
        expiresInSeconds === undefined ? {} : { expiresIn: expiresInSeconds },
      ).save(),
  };
}

/**
 * An application that takes passwords is the administrator's own, and no page in a browser: what
 * runs beside it there could take them, too (draft-ietf-oauth-first-party-apps-04 §9.1, §9.8).
 */
function assertTrusted({ firstParty, directSignIn }: ClientPolicy, metadata: ClientMetadata): void {
  if (!directSignIn) return;
  if (!firstParty) throw invalid("direct sign-in is for first-party clients only");
  const isPublic = metadata["token_endpoint_auth_method"] === "none";
  if (isPublic && metadata["application_type"] !== "native") {
    throw invalid("direct sign-in is not for applications that run in a browser");
  }
}

function assertLegible(colour: string | null | undefined, theme: Theme | undefined): void {
  if (colour === undefined || colour === null) return;
  if (!CLIENT_COLOUR.test(colour)) throw invalidColour(`"${colour}" is no colour such as #0b6353.`);
  const derived = deriveClientColours(colour, theme);
  if (typeof derived === "string") {
    throw invalidColour(`The pages would not be legible in this colour: ${derived}.`);
  }
}

function actionOf({ secondStep, colour }: PolicyChanges): string {
  const steps = { true: "require-second-step", false: "allow-one-step" };
  return [
    ...(secondStep === undefined ? [] : [steps[`${secondStep}`]]),
    ...(colour === undefined ? [] : ["set-colour"]),
  ].join(" ");
}

async function assertValid(
  provider: Provider,
  metadata: ClientMetadata & { client_id: string },
  clientSecret: string | undefined,
): Promise<void> {
  const problem = findUnsafeUri(metadata);
  if (problem !== undefined) throw invalid(problem);
  const secret = clientSecret === undefined ? {} : { client_secret: clientSecret };
  try {
    await provider.Client.validate({ ...metadata, ...secret });
  } catch (err) {
    throw invalid(describe(err));
  }
}

function invalid(problem: string): LatchkeyError {
  return new LatchkeyError("invalid_client_metadata", problem, { status: 400 });
}

function describe(err: unknown): string {
  if (err instanceof Error && "error_description" in err) return String(err.error_description);
  return err instanceof Error ? err.message : String(err);
}

function needsSecret(metadata: ClientMetadata): boolean {
  const method = metadata["token_endpoint_auth_method"] ?? "client_secret_basic";
  return method === "client_secret_basic" || method === "client_secret_post";
}

function invalidColour(problem: string): LatchkeyError {
  return new LatchkeyError("invalid_colour", problem, { status: 400 });
}

function clientUnknown(clientId: string): LatchkeyError {
  return new LatchkeyError("client_unknown", `There is no client "${clientId}".`, { status: 404 });
}
