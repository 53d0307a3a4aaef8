/** What a relying-party library reports of an OAuth error answer. */
export interface OAuthErrorFacts {
  readonly status: number | undefined;
  readonly error: string | undefined;
}

/** Awaits a refusal by the server. @throws when the promise is fulfilled. */
export async function refusalOf(promise: Promise<unknown>): Promise<OAuthErrorFacts> {
  try {
    await promise;
  } catch (err) {
    return factsOf(err);
  }
  throw new Error("expected an OAuth error, got an answer");
}

function factsOf(err: unknown): OAuthErrorFacts {
  const { cause, error, status } = err as { cause?: unknown; error?: unknown; status?: unknown };
  if (typeof error === "string") {
    return { error, status: typeof status === "number" ? status : undefined };
  }
  const challenge = firstChallenge(cause);
  if (challenge !== undefined) return { error: challenge, status: Number(status) };
  throw err;
}

/** Both libraries give the parsed `WWW-Authenticate` challenges of an answer as the error's cause. */
function firstChallenge(cause: unknown): string | undefined {
  if (!Array.isArray(cause)) return undefined;
  const [challenge] = cause as { parameters?: { error?: string } }[];
  return challenge?.parameters?.error;
}
