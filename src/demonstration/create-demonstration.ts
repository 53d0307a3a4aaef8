/**
 * What a first start in development mode makes, so that there is something to sign in with. Refused
 * in production. Everything carries the `demonstration` mark; passwords and secrets are made on the
 * spot, shown once and stored as hashes.
 */
import { randomInt } from "node:crypto";
import type { AccountStore } from "../accounts/account-store.js";
import type { CreateAccount } from "../accounts/create-account.js";
import { generateClientSecret, hashClientSecret } from "../clients/client-secret.js";
import type { ClientStore } from "../clients/client-store.js";
import type { ResourceServerStore } from "../clients/resource-server-store.js";
import type { ClientAdministration } from "../oidc/client-administration.js";

const DEMONSTRATION_USERNAME = "demo";
const DEMONSTRATION_MACHINE_CLIENT_ID = "demo-machine";
export const PLAYGROUND_CLIENT_ID = "playground";

export interface Demonstration {
  readonly username: string;
  readonly password: string;
  readonly machineClientId: string;
  readonly machineClientSecret: string;
  readonly initialAccessToken: string;
}

export interface DemonstrationDeps {
  readonly issuer: string;
  readonly accounts: AccountStore;
  readonly createAccount: CreateAccount;
  readonly clients: ClientStore;
  readonly clientAdministration: ClientAdministration;
  readonly resourceServers: ResourceServerStore;
}

/** @returns the secrets when they were made by this call; undefined when the data was there. */
export async function createDemonstration({
  issuer,
  accounts,
  createAccount,
  clientAdministration,
  resourceServers,
}: DemonstrationDeps): Promise<Demonstration | undefined> {
  const identifier = protectedResourceIdentifier(issuer);
  if ((await resourceServers.find(identifier)) === undefined) {
    await resourceServers.create({
      identifier,
      name: "Example API",
      scopes: { "example:read": "Read the example data" },
      accessTokenFormat: "jwt",
      // For whatever client is tried out.
      open: true,
      publishMetadata: true,
    });
  }
  if ((await accounts.findForSignIn(DEMONSTRATION_USERNAME)) !== undefined) return undefined;

  const { clientSecret = "" } = await clientAdministration.create({
    clientId: DEMONSTRATION_MACHINE_CLIENT_ID,
    metadata: {
      client_name: "Demonstration machine client",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
    },
    policy: {
      firstParty: false,
      directSignIn: false,
      secondStep: false,
      resourceServer: undefined,
    },
    demonstration: true,
  });
  const initialAccessToken = await clientAdministration.createInitialAccessToken(undefined);
  const password = generatePassword();
  // Last, since its presence says that all is there.
  await createAccount({
    username: DEMONSTRATION_USERNAME,
    email: "demo@example.com",
    emailVerified: true,
    profile: { name: "Demo Person", given_name: "Demo", family_name: "Person", locale: "en" },
    password,
    demonstration: true,
  });
  return {
    username: DEMONSTRATION_USERNAME,
    password,
    machineClientId: DEMONSTRATION_MACHINE_CLIENT_ID,
    machineClientSecret: clientSecret,
    initialAccessToken,
  };
}

/**
 * The playground is a client like any other. Its secret is made anew at each start and kept in
 * memory only. @returns the secret.
 */
export async function registerPlayground({ issuer, clients }: DemonstrationDeps): Promise<string> {
  const clientSecret = generateClientSecret();
  const secretHash = hashClientSecret(clientSecret);
  const metadata = {
    client_name: "Playground",
    client_uri: `${issuer}/playground`,
    redirect_uris: [`${issuer}/playground/callback`, `${issuer}/callback`],
    post_logout_redirect_uris: [`${issuer}/playground`],
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    response_types: ["code"],
  };
  if ((await clients.find(PLAYGROUND_CLIENT_ID)) === undefined) {
    await clients.create({
      clientId: PLAYGROUND_CLIENT_ID,
      metadata,
      secretHash,
      policy: {
        firstParty: false,
        directSignIn: false,
        secondStep: false,
        resourceServer: undefined,
      },
      createdBy: "administrator",
      demonstration: true,
    });
  } else {
    await clients.saveRegistration(PLAYGROUND_CLIENT_ID, metadata, secretHash);
  }
  return clientSecret;
}

export function protectedResourceIdentifier(issuer: string): string {
  return `${issuer}/protected-resource`;
}

/** Without characters that are mistaken for each other. */
const PASSWORD_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz";
const PASSWORD_GROUPS = 4;
const GROUP_CHARACTERS = 4;

/** 79 bit, easy to type from a terminal: `k7mq-2xrv-9dhw-t4sn`. */
function generatePassword(): string {
  return Array.from({ length: PASSWORD_GROUPS }, generateGroup).join("-");
}

function generateGroup(): string {
  return Array.from({ length: GROUP_CHARACTERS }, () =>
    PASSWORD_ALPHABET.charAt(randomInt(PASSWORD_ALPHABET.length)),
  ).join("");
}
