/** Of the passkey that is asked for on the login page of an interaction (`AskedAt.purpose`). */
export function signInPurpose(uid: string): string {
  return `sign-in.${uid}`;
}
