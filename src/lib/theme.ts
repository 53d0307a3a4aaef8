import type { GivenColours } from "./colours.js";
import type { PictureType } from "./picture.js";

/** How an operator wants the pages to look; what is left out stays as it is. */
export interface Theme {
  /** In the head of every page, in place of "Latchkey". */
  readonly productName?: string | undefined;
  readonly logo?: Logo | undefined;
  readonly light?: GivenColours | undefined;
  readonly dark?: GivenColours | undefined;
  /** Of buttons and fields; small parts and cards follow it. */
  readonly radiusPx?: number | undefined;
  /** Names of font families, as CSS writes them. */
  readonly font?: string | undefined;
}

export interface Logo {
  readonly base64: string;
  readonly type: PictureType;
}
