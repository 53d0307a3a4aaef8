import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createApp, type App } from "../../src/app.js";
import { loadConfig } from "../../src/config/load-config.js";
import { openDeployment } from "../../src/deployment.js";
import { systemClock } from "../../src/lib/clock.js";
import { createLogger } from "../../src/lib/logger.js";
import {
  API_SCOPE,
  APPLICATION_METADATA,
  APPLICATIONS,
  emailOf,
  JWT_API,
  MACHINE_METADATA,
  MACHINES,
  OPAQUE_API,
  PASSWORD,
  PEOPLE,
  PROFILE,
  type Credentials,
  type Registration,
} from "./registration.js";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const PACKAGE = new URL("../../../package.json", import.meta.url);

/** What stands behind `node` in the `start` script: what is measured is what people run. */
export function latchkeyArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { scripts: { start: string } };
  const flags = scripts.start.split(" ").filter((word) => word.startsWith("--"));
  return [...flags, MAIN];
}

/** A production configuration; only access tokens live longer, so that they outlast the run. */
export function latchkeyEnvironment(
  port: number,
  stores: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    NODE_ENV: "production",
    ISSUER: `http://localhost:${port}`,
    HOST: "127.0.0.1",
    PORT: String(port),
    SECRET_KEY: "a secret of this benchmark alone, 0123456789",
    ACCESS_TOKEN_EXPIRE_MINUTES: "60",
    ...stores,
  };
}

/** Brings the schema up to date and registers everybody, before the server starts. */
export function registerAtLatchkey(
  environment: Readonly<Record<string, string>>,
): Promise<Registration> {
  return administerLatchkey(environment, register);
}

/** The same with what `work` registers. */
export async function administerLatchkey<Result>(
  environment: Readonly<Record<string, string>>,
  work: (app: App) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig({ ...environment, NODE_ENV: "development" });
  const logger = createLogger({ level: "error", format: "json" });
  const deployment = await openDeployment(config);
  const app = await createApp({ config, ...deployment, clock: systemClock, logger });
  try {
    return await work(app);
  } finally {
    await app.close();
    await deployment.database.close();
  }
}

async function register(app: App): Promise<Registration> {
  await createApi(app, JWT_API, "jwt");
  await createApi(app, OPAQUE_API, "opaque");
  const people: string[] = [];
  for (let i = 0; i < PEOPLE; i++) {
    const username = `person-${i}`;
    const email = emailOf(username);
    const profile = { ...PROFILE };
    await app.createAccount({ username, email, emailVerified: true, profile, password: PASSWORD });
    people.push(username);
  }
  return {
    machines: await createClients(app, MACHINES, MACHINE_METADATA),
    applications: await createClients(app, APPLICATIONS, APPLICATION_METADATA),
    api: await createClient(app, MACHINE_METADATA, OPAQUE_API),
    people,
  };
}

export async function createApi(
  app: App,
  identifier: string,
  format: "jwt" | "opaque",
): Promise<void> {
  await app.resourceServers.create({
    identifier,
    name: identifier,
    scopes: { [API_SCOPE]: "Read your files" },
    accessTokenFormat: format,
    accessTokenAlgorithm: "ES256",
    open: true,
  });
}

export async function createClients(
  app: App,
  count: number,
  metadata: Record<string, unknown>,
): Promise<Credentials[]> {
  const clients: Credentials[] = [];
  for (let i = 0; i < count; i++) clients.push(await createClient(app, metadata, undefined));
  return clients;
}

async function createClient(
  app: App,
  metadata: Record<string, unknown>,
  resourceServer: string | undefined,
): Promise<Credentials> {
  const { clientId, clientSecret = "" } = await app.clientAdministration.create({
    metadata,
    policy: { firstParty: true, directSignIn: false, secondStep: false, resourceServer },
    demonstration: false,
  });
  return { clientId, clientSecret };
}
