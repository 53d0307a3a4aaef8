export interface Picture {
  readonly bytes: Buffer;
  readonly type: PictureType;
}

export type PictureType = "image/svg+xml" | "image/png" | "image/jpeg" | "image/webp";

const SVG = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<svg[\s>]/;

/** By its first bytes, whatever its name or its sender says. */
export function typeOfPicture(bytes: Buffer): PictureType | undefined {
  const start = bytes.toString("latin1", 0, 12);
  if (start.startsWith("\u0089PNG\r\n\u001a\n")) return "image/png";
  if (start.startsWith("\u00ff\u00d8\u00ff")) return "image/jpeg";
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return "image/webp";
  return SVG.test(bytes.toString("utf8")) ? "image/svg+xml" : undefined;
}
