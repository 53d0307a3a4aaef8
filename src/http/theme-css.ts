import { COLOURS, type GivenColours } from "../lib/colours.js";
import type { Theme } from "../lib/theme.js";

/** As in the stylesheet, whose own rule comes before the theme. */
const MORE_CONTRAST =
  "@media (prefers-contrast: more) { :root { --ink-soft: var(--ink); --line: var(--control-line); } }";

/** What follows the stylesheet: the tokens that an operator's theme changes. "" when it changes none. */
export function themeCss({ light, dark, radiusPx, font }: Theme): string {
  const shape = [
    ...(font === undefined ? [] : [`--font: ${font};`]),
    ...(radiusPx === undefined
      ? []
      : [
          `--radius-s: ${radiusPx * 0.6}px;`,
          `--radius-m: ${radiusPx}px;`,
          `--radius-l: ${radiusPx * 1.8}px;`,
        ]),
  ];
  // A light colour alone must not reach into the dark scheme.
  const rules = schemesCss({ light, dark: inBoth(light, dark) }, shape);
  return rules.length === 0 ? "" : [...rules, MORE_CONTRAST].join("\n");
}

/** The rules that set colours, and in both schemes `more`; none for nothing. */
export function schemesCss(
  { light, dark }: Pick<Theme, "light" | "dark">,
  more: readonly string[] = [],
): string[] {
  const base = [...declare(light), ...more];
  const inDark = declare(dark);
  return [
    ...(base.length === 0 ? [] : [`:root { ${base.join(" ")} }`]),
    ...(inDark.length === 0
      ? []
      : [`@media (prefers-color-scheme: dark) { :root { ${inDark.join(" ")} } }`]),
  ];
}

function inBoth(light: GivenColours = {}, dark: GivenColours = {}): GivenColours {
  const ours = Object.entries(COLOURS.dark).filter(([name]) => Object.hasOwn(light, name));
  return { ...Object.fromEntries(ours), ...dark };
}

function declare(colours: GivenColours = {}): string[] {
  return Object.entries(colours).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}: ${value};`],
  );
}
