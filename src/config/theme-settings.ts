import { z } from "zod";
import type { Setting } from "./setting.js";

/** How the pages look. */
export const themeSettings = {
  THEME_FILE: {
    group: "Pages",
    meaning:
      "A JSON file with colours, a name, a logo and more for the pages ([how](guides/theme.md)).",
    type: z.string(),
    defaultNote: "none: the pages look as they come",
    example: "/etc/latchkey/theme.json",
    constraints: "a path; relative ones start at the working directory",
  },
} as const satisfies Record<string, Setting>;
