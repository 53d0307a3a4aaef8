import type { App } from "../app.js";
import { JWKS_CACHED_SECONDS } from "../keys/key-schedule.js";
import { LONGEST_TOKEN_SECONDS } from "../lib/longest-token.js";
import type { Rotation, ScheduledKey } from "../keys/key-rotation.js";
import type { SigningAlgorithm } from "../keys/signing-key.js";
import { formatTable, formatTime, notFound, type CommandResult } from "./command.js";

type Keys = Pick<App, "keyRotation" | "keyUpkeep" | "signingKeys" | "clock">;

const CACHED_MINUTES = JWKS_CACHED_SECONDS / 60;

export async function listKeys(app: Keys): Promise<CommandResult> {
  const keys = await app.keyRotation.list();
  const rows = keys.map((key) => [
    key.kid,
    key.algorithm,
    key.state,
    formatTime(key.signsFromSeconds),
    formatTime(key.signsUntilSeconds),
    formatTime(key.publishedUntilSeconds),
  ]);
  const header = ["KID", "ALGORITHM", "STATE", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL"];
  return { text: formatTable(header, rows), data: keys.map(describe) };
}

/** @param algorithm undefined: all. */
export async function rotateKeys(
  app: Keys,
  algorithm: SigningAlgorithm | undefined,
  pace: "in_order" | "now",
): Promise<CommandResult> {
  const known = app.signingKeys.algorithms();
  if (algorithm !== undefined && !known.includes(algorithm)) {
    throw notFound("signing key for", algorithm);
  }
  const rotations: Rotation[] = [];
  for (const each of algorithm === undefined ? known : [algorithm]) {
    rotations.push(await app.keyRotation.rotate(each, pace));
  }
  const lines = rotations.map(
    ({ algorithm: alg, kid, signsFromSeconds, begun }) =>
      `${alg}: ${begun ? "" : "under way already: "}${kid} is published, and signs from ${formatTime(signsFromSeconds)}.`,
  );
  return {
    text: [...lines, ...(pace === "now" ? [CACHES_MAY_LAG] : [])].join("\n"),
    data: rotations.map(({ kid, algorithm: alg, signsFromSeconds, begun }) => ({
      kid,
      algorithm: alg,
      signs_from: signsFromSeconds,
      begun,
    })),
  };
}

const CACHES_MAY_LAG = `Whoever has read the keys before and does not read them again for one that it does not know refuses new tokens until its cache expires: ${CACHED_MINUTES} min, if it obeys the caching headers.`;

export async function retireKey(app: Keys, kid: string): Promise<CommandResult> {
  await app.keyRotation.retire(kid);
  return {
    text: `The key "${kid}" is not published any more. APIs and applications refuse what it signed as soon as they read the keys again.`,
    data: { kid, state: "retired" },
  };
}

/** @returns what is lost with these keys, in words. @throws LatchkeyError `not_found` */
export async function describeLoss(app: Keys, kids: readonly string[]): Promise<string> {
  const keys = await app.keyRotation.list();
  const dropped = kids.map((kid) => {
    const key = keys.find((each) => each.kid === kid);
    if (key === undefined) throw notFound("signing key", kid);
    return key;
  });
  const lossOf = createLossOf(app.clock.nowSeconds());
  return [
    ...dropped.map((key) => `${key.algorithm} ${key.kid} (${key.state}): ${lossOf(key)}.`),
    `This server refuses all that at once; APIs and applications do as soon as they read the keys again, within ${CACHED_MINUTES} min if they obey the caching headers.`,
    "Sessions, refresh tokens, codes and opaque access tokens stay: applications get new tokens with them.",
    ...(dropped.some(({ state }) => state === "current")
      ? [`A new key signs at once. ${CACHES_MAY_LAG}`]
      : []),
  ].join("\n");
}

/** 24 h and more: what a key signed lately is valid for so long at most. */
function createLossOf(nowSeconds: number) {
  const everything = (untilSeconds: number | undefined) =>
    `all JWT access tokens, ID tokens (also as id_token_hint at sign-out), JARM responses, logout tokens and signed answers made with it, the last of which would be valid until ${formatTime(untilSeconds)} at most`;
  return ({ state, publishedUntilSeconds, forgottenFromSeconds }: ScheduledKey): string => {
    switch (state) {
      case "next":
        return "nothing is signed with it yet";
      case "current":
        return everything(nowSeconds + LONGEST_TOKEN_SECONDS);
      case "previous":
        return everything(publishedUntilSeconds);
      case "retired":
        return `ID tokens made with it are recognized no more at sign-out, as they else were until ${formatTime(forgottenFromSeconds)}`;
      default:
        return state satisfies never;
    }
  };
}

export async function dropKeys(app: Keys, kids: readonly string[]): Promise<CommandResult> {
  for (const kid of kids) await app.keyRotation.drop(kid);
  const { text, data } = await listKeys(app);
  return { text: `Dropped ${kids.join(", ")}. The keys are now:\n${text}`, data };
}

/** All that is sealed for longer than people stay signed in. */
export async function resealKeys(
  app: Keys & Pick<App, "resealUpstreamSecrets" | "resealSecondSteps">,
): Promise<CommandResult> {
  const resealed = await app.keyUpkeep.reseal();
  await app.resealUpstreamSecrets();
  await app.resealSecondSteps();
  return {
    text: `All signing keys, secrets of providers and second steps are sealed under SECRET_KEY; ${resealed} of the keys were not before.`,
    data: { resealed },
  };
}

function describe(key: ScheduledKey) {
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    state: key.state,
    created_at: key.createdAtSeconds,
    signs_from: key.signsFromSeconds,
    signs_until: key.signsUntilSeconds ?? null,
    published_until: key.publishedUntilSeconds ?? null,
  };
}
