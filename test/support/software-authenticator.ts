/**
 * An authenticator and the browser before it, in software: makes and uses passkeys as Web
 * Authentication Level 3 §6 says, and says what is not so when a test asks for it.
 */
import { generateKeyPairSync, hash, randomBytes, sign, type KeyObject } from "node:crypto";
import type {
  PasskeyCreationOptions,
  PasskeyRequestOptions,
} from "../../src/accounts/passkey-options.js";

type Algorithm = -7 | -8 | -257;

interface HeldKey {
  readonly credentialId: Buffer;
  readonly privateKey: KeyObject;
  readonly algorithm: Algorithm;
  userHandle: string;
  counter: number;
}

export interface AuthenticatorTraits {
  readonly algorithm?: Algorithm;
  /** Its keys are on several devices. */
  readonly synced?: boolean;
  /** Counts its signatures. */
  readonly counts?: boolean;
  readonly aaguid?: string;
}

/** What a ceremony says that it would not by itself. */
export interface CeremonyLies {
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly verified?: boolean;
  readonly present?: boolean;
  readonly crossOrigin?: boolean;
  readonly userHandle?: string | null;
  readonly counter?: number;
  readonly credentialId?: Buffer;
  readonly isDiscoverable?: boolean;
  readonly attestation?: { readonly format: string; readonly statement: Cbor };
}

export interface SoftwareAuthenticator {
  /** @returns the JSON that a browser posts. */
  create(options: PasskeyCreationOptions, origin: string, lies?: CeremonyLies): string;
  get(options: PasskeyRequestOptions, origin: string, lies?: CeremonyLies): string;
  readonly keys: readonly HeldKey[];
}

const FLAG = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 };
const NO_AAGUID = "00000000-0000-0000-0000-000000000000";

export function createSoftwareAuthenticator({
  algorithm = -7,
  synced = false,
  counts = false,
  aaguid = NO_AAGUID,
}: AuthenticatorTraits = {}): SoftwareAuthenticator {
  const keys: HeldKey[] = [];

  function flagsOf({ present = true, verified = true }: CeremonyLies): number {
    return (
      (present ? FLAG.present : 0) |
      (verified ? FLAG.verified : 0) |
      (synced ? FLAG.eligible | FLAG.backedUp : 0)
    );
  }

  return {
    keys,

    create({ challenge, rp, user }, origin, lies = {}) {
      const { publicKey, privateKey } = makeKeys(algorithm);
      const credentialId = lies.credentialId ?? randomBytes(16);
      const counter = counts ? 1 : 0;
      keys.push({ credentialId, privateKey, algorithm, userHandle: user.id, counter });
      const authData = Buffer.concat([
        headOf(lies.rpId ?? rp.id, flagsOf(lies) | FLAG.attested, counter),
        Buffer.from(aaguid.replaceAll("-", ""), "hex"),
        uint16(credentialId.length),
        credentialId,
        encode(coseKey(publicKey, algorithm)),
      ]);
      const { format = "none", statement = new Map() } = lies.attestation ?? {};
      const attestationObject = encode(
        new Map<string, Cbor>([
          ["fmt", format],
          ["attStmt", statement],
          ["authData", authData],
        ]),
      );
      return posted(credentialId, {
        response: {
          clientDataJSON: clientData("webauthn.create", { challenge, origin }, lies),
          attestationObject: attestationObject.toString("base64url"),
          transports: ["internal", "hybrid"],
        },
        clientExtensionResults: { credProps: { rk: lies.isDiscoverable ?? true } },
      });
    },

    get({ challenge, rpId, allowCredentials }, origin, lies = {}) {
      const allowed = allowCredentials.map(({ id }) => id);
      const key = keys.find(
        ({ credentialId }) =>
          allowed.length === 0 || allowed.includes(credentialId.toString("base64url")),
      );
      if (key === undefined) throw new Error("no passkey for this");
      if (counts) key.counter++;
      const authData = headOf(lies.rpId ?? rpId, flagsOf(lies), lies.counter ?? key.counter);
      const clientDataJSON = clientData("webauthn.get", { challenge, origin }, lies);
      const clientDataHash = hash("sha256", Buffer.from(clientDataJSON, "base64url"), "buffer");
      const signed = Buffer.concat([authData, clientDataHash]);
      const userHandle = lies.userHandle === undefined ? key.userHandle : lies.userHandle;
      return posted(lies.credentialId ?? key.credentialId, {
        response: {
          clientDataJSON,
          authenticatorData: authData.toString("base64url"),
          signature: sign(key.algorithm === -8 ? null : "sha256", signed, key.privateKey).toString(
            "base64url",
          ),
          userHandle,
        },
        clientExtensionResults: {},
      });
    },
  };
}

function posted(credentialId: Buffer, rest: object): string {
  const id = credentialId.toString("base64url");
  return JSON.stringify({ id, rawId: id, type: "public-key", ...rest });
}

function clientData(
  type: string,
  { challenge, origin }: { challenge: string; origin: string },
  lies: CeremonyLies,
): string {
  const data = {
    type: lies.type ?? type,
    challenge: lies.challenge ?? challenge,
    origin,
    crossOrigin: lies.crossOrigin ?? false,
  };
  return Buffer.from(JSON.stringify(data)).toString("base64url");
}

/** §6.1. */
function headOf(rpId: string, flags: number, counter: number): Buffer {
  const tail = Buffer.alloc(5);
  tail.writeUInt8(flags);
  tail.writeUInt32BE(counter, 1);
  return Buffer.concat([hash("sha256", rpId, "buffer"), tail]);
}

function makeKeys(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === -8) return generateKeyPairSync("ed25519");
  if (algorithm === -257) return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** RFC 9052 §7, RFC 9053 §7, RFC 8230 §4. */
function coseKey(publicKey: KeyObject, algorithm: Algorithm): Cbor {
  const jwk = publicKey.export({ format: "jwk" });
  const bytes = (name: "x" | "y" | "n" | "e") => Buffer.from(jwk[name] ?? "", "base64url");
  const head: [number, Cbor][] = [[3, algorithm]];
  if (algorithm === -8) {
    return new Map<number, Cbor>([[1, 1], ...head, [-1, 6], [-2, bytes("x")]]);
  }
  if (algorithm === -257) {
    return new Map<number, Cbor>([[1, 3], ...head, [-1, bytes("n")], [-2, bytes("e")]]);
  }
  return new Map<number, Cbor>([[1, 2], ...head, [-1, 1], [-2, bytes("x")], [-3, bytes("y")]]);
}

type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** As much of RFC 8949 as authenticators need. */
function encode(value: Cbor): Buffer {
  if (typeof value === "number") return value < 0 ? typed(1, -1 - value) : typed(0, value);
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return Buffer.concat([typed(3, bytes.length), bytes]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([typed(2, value.length), value]);
  if (value instanceof Map) {
    const entries = [...value].flatMap(([key, item]: [number | string, Cbor]) => [
      encode(key),
      encode(item),
    ]);
    return Buffer.concat([typed(5, value.size), ...entries]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([typed(4, items.length), ...items.map(encode)]);
}

function typed(major: number, count: number): Buffer {
  const head = major << 5;
  if (count < 24) return Buffer.from([head | count]);
  if (count < 256) return Buffer.from([head | 24, count]);
  return Buffer.concat([Buffer.from([head | 25]), uint16(count)]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
