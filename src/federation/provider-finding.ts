/** What a trial of a provider found, in a sentence. */
export interface ProviderFinding {
  /** `problem`: nobody can sign in so. */
  readonly level: "good" | "notice" | "problem";
  readonly words: string;
}

export function good(words: string): ProviderFinding {
  return { level: "good", words };
}

export function notice(words: string): ProviderFinding {
  return { level: "notice", words };
}

export function problem(words: string): ProviderFinding {
  return { level: "problem", words };
}
