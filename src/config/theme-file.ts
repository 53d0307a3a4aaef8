import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { COLOURS, findWeakContrasts, mergeColours, type GivenColours } from "../lib/colours.js";
import { typeOfPicture } from "../lib/picture.js";
import type { Logo, Theme } from "../lib/theme.js";
import type { SettingProblem } from "./configuration-error.js";
import { readDeclarationFile } from "./declaration-file.js";

/** 64 KiB: every page that is opened for the first time loads it. */
const MAX_LOGO_BYTES = 64 * 1024;
const MAX_RADIUS_PX = 32;

const colour = z
  .string({ error: "must be a colour such as #0b6353" })
  .regex(/^#[0-9a-f]{6}$/i, "must be a colour such as #0b6353")
  .transform((text) => text.toLowerCase())
  .optional();

const colours = z
  .strictObject(
    {
      paper: colour,
      surface: colour,
      sunken: colour,
      ink: colour,
      "ink-soft": colour,
      line: colour,
      "control-line": colour,
      accent: colour,
      "accent-strong": colour,
      "accent-wash": colour,
      "on-accent": colour,
      focus: colour,
      danger: colour,
      "danger-wash": colour,
      success: colour,
      "success-wash": colour,
      caution: colour,
      "caution-wash": colour,
    },
    { error: "must be an object" },
  )
  .optional();

const themeSchema = z.strictObject({
  product_name: z
    .string({ error: "must be text" })
    .regex(/^[^\p{Cc}]{1,40}$/u, "must be 1 to 40 characters")
    .optional(),
  logo: z.string({ error: "must be the path of a picture" }).optional(),
  light: colours,
  dark: colours,
  radius_px: z
    .number({ error: "must be a number" })
    .min(0, "must not be negative")
    .max(MAX_RADIUS_PX, `must be at most ${MAX_RADIUS_PX}`)
    .optional(),
  font: z
    .string({ error: "must be text" })
    .regex(
      /^(?:[\w-]+(?: [\w-]+)*|"[\w -]+")(?:, ?(?:[\w-]+(?: [\w-]+)*|"[\w -]+"))*$/,
      'must be names of fonts such as "Inter", sans-serif',
    )
    .max(200, "must be at most 200 characters")
    .optional(),
});

export interface ThemeFileReading {
  readonly declarations?: Theme;
  readonly problems: readonly SettingProblem[];
}

/** Reads the file of `THEME_FILE`, and the logo beside it. Each problem says where it is. */
export function loadThemeFile(path: string): ThemeFileReading {
  const reading = readDeclarationFile(path, themeSchema, {
    top: Object.keys(themeSchema.shape),
    inner: Object.keys(COLOURS.light),
  });
  if (reading.violations !== undefined) return { problems: reading.violations.map(problem) };
  const { product_name: productName, radius_px: radiusPx, light, dark, font } = reading.value;
  const file = reading.value.logo;
  const logo = file === undefined ? undefined : readLogo(resolve(dirname(path), file));
  const problems = [
    ...weakContrasts("light", light),
    ...weakContrasts("dark", dark),
    ...(typeof logo === "string" ? [`at logo ${logo}`] : []),
  ];
  if (problems.length > 0 || typeof logo === "string") return { problems: problems.map(problem) };
  return { declarations: { productName, logo, light, dark, radiusPx, font }, problems: [] };
}

function weakContrasts(scheme: "light" | "dark", given: GivenColours = {}): string[] {
  const weak = findWeakContrasts(mergeColours(scheme, given), given);
  return weak.map((words) => `at ${scheme} has ${words}`);
}

/** @returns in words, why it cannot be used. */
function readLogo(path: string): Logo | string {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > MAX_LOGO_BYTES) return `names a picture of ${size} bytes: ${MAX_LOGO_BYTES} at most`;
    bytes = readFileSync(path);
  } catch {
    return "names a file that cannot be read";
  }
  const type = typeOfPicture(bytes);
  return type === undefined
    ? "names a file that is no SVG, PNG, JPEG or WebP picture"
    : { type, base64: bytes.toString("base64") };
}

function problem(violation: string): SettingProblem {
  return { name: "THEME_FILE", reason: violation, example: "THEME_FILE=/etc/latchkey/theme.json" };
}
