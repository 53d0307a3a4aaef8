import { PASSKEY_ALGORITHMS } from "./passkey-options.js";
import type { NewPasskey, Passkey } from "./passkey.js";
import type { PasskeyUse } from "./passkey-store.js";
import type { PostedCredential } from "./posted-credential.js";

/** What a ceremony must have been about. */
export interface ExpectedCeremony {
  /** In base64url; the caller lets it count once. */
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
}

export type Verified<Fact> =
  | { readonly verified: true; readonly fact: Fact }
  /** `detail` is for the log; it repeats what was posted. */
  | { readonly verified: false; readonly detail: string };

const MAX_DETAIL_LENGTH = 200;

/**
 * Web Authentication Level 3 §7.1: type, challenge, origin, RP ID, presence, verification of the
 * person, algorithm.
 */
export async function verifyNewPasskey(
  { id, ...posted }: PostedCredential,
  expected: ExpectedCeremony,
): Promise<Verified<Omit<NewPasskey, "name" | "userHandle">>> {
  const { server, helpers } = await loadLibrary();
  return orDetail(async () => {
    const attestationObject = helpers.isoBase64URL.toBuffer(posted.attestationObject);
    const decoded = helpers.decodeAttestationObject(attestationObject);
    // Nobody was asked for certificates: following what they refer to would fetch it.
    if (!["none", "packed"].includes(decoded.get("fmt")) || decoded.get("attStmt").get("x5c")) {
      throw new Error("an attestation that was not asked for");
    }
    const { verified, registrationInfo } = await server.verifyRegistrationResponse({
      response: {
        id,
        rawId: id,
        type: "public-key",
        clientExtensionResults: {},
        response: {
          clientDataJSON: posted.clientDataJson,
          attestationObject: posted.attestationObject,
        },
      },
      ...toLibraryTerms(expected),
      supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
    });
    if (!verified || registrationInfo.credential.id !== id) throw new Error("not signed by it");
    const { credential, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo;
    return {
      credentialId: id,
      publicKey: helpers.isoBase64URL.fromBuffer(credential.publicKey),
      counter: credential.counter,
      transports: posted.transports,
      aaguid,
      isSynced: credentialDeviceType === "multiDevice",
      isBackedUp: credentialBackedUp,
    };
  });
}

/** §7.2, without the counter, which `PasskeyStore.recordUse` judges. */
export async function verifyPasskeyUse(
  { id, ...posted }: PostedCredential,
  passkey: Passkey,
  expected: ExpectedCeremony,
): Promise<Verified<PasskeyUse>> {
  const { server, helpers } = await loadLibrary();
  return orDetail(async () => {
    const { verified, authenticationInfo } = await server.verifyAuthenticationResponse({
      response: {
        id,
        rawId: id,
        type: "public-key",
        clientExtensionResults: {},
        response: {
          clientDataJSON: posted.clientDataJson,
          authenticatorData: posted.authenticatorData,
          signature: posted.signature,
        },
      },
      ...toLibraryTerms(expected),
      credential: {
        id: passkey.credentialId,
        publicKey: helpers.isoBase64URL.toBuffer(passkey.publicKey),
        counter: 0,
      },
    });
    if (!verified) throw new Error("not signed by this passkey");
    const { newCounter: counter, credentialBackedUp: isBackedUp } = authenticationInfo;
    return { counter, isBackedUp };
  });
}

function toLibraryTerms({ challenge, origin, rpId }: ExpectedCeremony) {
  return {
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
  };
}

/** Loaded with the first passkey: an idle server has no use for its parsers of certificates. */
async function loadLibrary() {
  const [server, helpers] = await Promise.all([
    import("@simplewebauthn/server"),
    import("@simplewebauthn/server/helpers"),
  ]);
  return { server, helpers };
}

/** The library throws whatever is wrong with what was posted. */
async function orDetail<Fact>(verify: () => Promise<Fact>): Promise<Verified<Fact>> {
  try {
    return { verified: true, fact: await verify() };
  } catch (err) {
    const detail = err instanceof Error ? err.message : String(err);
    return { verified: false, detail: detail.slice(0, MAX_DETAIL_LENGTH) };
  }
}
