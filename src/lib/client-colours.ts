import { contrastOf, findWeakContrasts, mergeColours, mixColours } from "./colours.js";
import type { Colours, GivenColours } from "./colours.js";
import type { Theme } from "./theme.js";

/** What a client's one colour changes on the pages about it. */
export interface ClientColours {
  readonly light: GivenColours;
  readonly dark: GivenColours;
}

type Schemes = Pick<Theme, "light" | "dark">;

/** How a client's colour is written: what is served from an address of it, and stored. */
export const CLIENT_COLOUR = /^#[0-9a-f]{6}$/;

/** In steps of 5 %, until it can be read. */
const SHARES = Array.from({ length: 21 }, (_, i) => i / 20);

/**
 * The colour itself in the light scheme; in the dark one as much lighter as reading takes.
 *
 * @param colour as `CLIENT_COLOUR`
 * @returns in words, which contrast is too weak, when it cannot be used
 */
export function deriveClientColours(colour: string, theme: Schemes = {}): ClientColours | string {
  const light = accentsOf(colour, mergeColours("light", theme.light ?? {}));
  const dark = mergeColours("dark", theme.dark ?? {});
  const [weak] = light.weak;
  if (weak !== undefined) return weak;
  const tries = SHARES.map((share) => accentsOf(mixColours(colour, dark.ink, share), dark));
  const readable = tries.find((tried) => tried.weak.length === 0);
  return readable === undefined
    ? String(tries.at(-1)?.weak[0])
    : { light: light.colours, dark: readable.colours };
}

function accentsOf(accent: string, base: Colours) {
  const colours = {
    accent,
    "accent-strong": mixColours(accent, base.ink, 0.3),
    "accent-wash": mixColours(base.surface, accent, 0.12),
    "on-accent": mostLegible([base.surface, base.paper, base.ink], accent),
    focus: accent,
  };
  return { colours, weak: findWeakContrasts({ ...base, ...colours }, colours) };
}

function mostLegible(candidates: readonly [string, ...string[]], ground: string): string {
  const contrast = (candidate: string) => contrastOf(candidate, ground);
  return candidates.reduce((best, each) => (contrast(each) > contrast(best) ? each : best));
}
