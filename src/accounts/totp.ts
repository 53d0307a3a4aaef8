import { Secret, TOTP } from "otpauth";

/** RFC 6238 as every authenticator app knows it; other settings some of them ignore in silence. */
const PARAMETERS = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** One step to either side (RFC 6238 §5.2): clocks that are half a minute off, and slow typing. */
const WINDOW_STEPS = 1;
/** 160 bit: as long as the output of HMAC-SHA-1 (RFC 4226 §4 R6). */
const SECRET_BYTES = 20;

/** In base32, as people type it into an app. */
export function createTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

export interface TotpLabel {
  /** The service, as an app lists it. */
  readonly issuer: string;
  readonly account: string;
}

/** `otpauth://totp/…`, what a QR code holds. */
export function totpUri(secret: string, { issuer, account }: TotpLabel): string {
  return new TOTP({ ...PARAMETERS, secret, issuer, label: account }).toString();
}

/** @returns the time step that the code is of; undefined when it is of none that counts now. */
export function findTotpStep(secret: string, code: string, nowSeconds: number): number | undefined {
  const step = Math.floor(nowSeconds / PARAMETERS.period);
  const totp = { ...PARAMETERS, secret: Secret.fromBase32(secret) };
  const delta = TOTP.validate({
    ...totp,
    token: code,
    timestamp: nowSeconds * 1000,
    window: WINDOW_STEPS,
  });
  return delta === null ? undefined : step + delta;
}
