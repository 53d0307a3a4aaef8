const LIGHT = {
  paper: "#f3f6f4",
  surface: "#ffffff",
  sunken: "#eef2f0",
  ink: "#14211d",
  "ink-soft": "#4c5b56",
  line: "#dbe3df",
  "control-line": "#73837d",
  accent: "#0b6353",
  "accent-strong": "#074a3e",
  "accent-wash": "#e2f1ec",
  "on-accent": "#ffffff",
  focus: "#0b6353",
  danger: "#ab1f1a",
  "danger-wash": "#fdeeec",
  success: "#17663a",
  "success-wash": "#e3f4e9",
  caution: "#744a00",
  "caution-wash": "#fdf2da",
};

export type ColourName = keyof typeof LIGHT;
export type Colours = Readonly<Record<ColourName, string>>;

const DARK: Colours = {
  paper: "#0d1412",
  surface: "#151e1b",
  sunken: "#101815",
  ink: "#e8efec",
  "ink-soft": "#a6b5af",
  line: "#2a3632",
  "control-line": "#75867f",
  accent: "#6ed2bb",
  "accent-strong": "#98e4d2",
  "accent-wash": "#15332c",
  "on-accent": "#06231d",
  focus: "#6ed2bb",
  danger: "#ffb0a6",
  "danger-wash": "#381917",
  success: "#84d9a3",
  "success-wash": "#14301f",
  caution: "#efc676",
  "caution-wash": "#30260f",
};

/** The colours of the pages by their names in the stylesheet, as `#rrggbb`. */
export const COLOURS: { readonly light: Colours; readonly dark: Colours } = {
  light: LIGHT,
  dark: DARK,
};

/** Least contrast of text, WCAG 2.2 1.4.3. */
const TEXT = 4.5;
/** Least contrast of what tells a control or its focus from its ground, 1.4.11 and 2.4.13. */
const CONTROL = 3;

/** What the stylesheet lays on what, and their least contrast. */
export const CONTRASTS: readonly (readonly [
  foreground: ColourName,
  ground: ColourName,
  least: number,
])[] = [
  ["ink", "paper", TEXT],
  ["ink", "surface", TEXT],
  ["ink", "sunken", TEXT],
  ["ink", "accent-wash", TEXT],
  ["ink", "danger-wash", TEXT],
  ["ink", "caution-wash", TEXT],
  ["ink-soft", "paper", TEXT],
  ["ink-soft", "surface", TEXT],
  ["ink-soft", "sunken", TEXT],
  ["accent", "paper", TEXT],
  ["accent", "surface", TEXT],
  ["accent-strong", "paper", TEXT],
  ["accent-strong", "surface", TEXT],
  ["on-accent", "accent", TEXT],
  ["on-accent", "accent-strong", TEXT],
  ["danger", "surface", TEXT],
  ["danger", "danger-wash", TEXT],
  ["success", "success-wash", TEXT],
  ["caution", "caution-wash", TEXT],
  ["control-line", "surface", CONTROL],
  ["control-line", "paper", CONTROL],
  ["accent", "accent-wash", CONTROL],
  ["focus", "surface", CONTROL],
  ["focus", "paper", CONTROL],
  ["danger", "paper", CONTROL],
];

/** In place of some of ours. */
export type GivenColours = { readonly [Name in ColourName]?: string | undefined };

export function mergeColours(scheme: "light" | "dark", given: GivenColours): Colours {
  const changed = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...COLOURS[scheme], ...Object.fromEntries(changed) };
}

/** In words, of the pairs in which one of `changed` takes part: ours have been measured. */
export function findWeakContrasts(shown: Colours, changed: GivenColours): string[] {
  return CONTRASTS.flatMap(([foreground, ground, least]) => {
    if (changed[foreground] === undefined && changed[ground] === undefined) return [];
    const contrast = contrastOf(shown[foreground], shown[ground]);
    // Rounded down, so that 4.499 is not said to be the 4.5 that it lacks.
    const told = (Math.floor(contrast * 100) / 100).toFixed(2);
    return contrast >= least
      ? []
      : [
          `${foreground} ${shown[foreground]} on ${ground} ${shown[ground]}: a contrast of ${told}, which must be at least ${least}`,
        ];
  });
}

/** @param share of `other`, 0 to 1. Both as `#rrggbb`. */
export function mixColours(one: string, other: string, share: number): string {
  const from = channelsOf(one);
  const mixed = channelsOf(other).map((channel, i) => {
    const start = from[i] ?? 0;
    return Math.round(start + (channel - start) * share);
  });
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** WCAG 2.2, between 1 and 21. @param one as `#rrggbb` */
export function contrastOf(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(hex).map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Each 0 to 255. */
function channelsOf(hex: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}
