import type { Context } from "koa";

/** Takes a cookie and its signature out of the answer: the browser keeps what it has. */
export function withholdCookie(ctx: Context, name: string): void {
  const lines = [ctx.response.get("Set-Cookie")].flat().filter((line) => line !== "");
  const kept = lines.filter(
    (line) => !line.startsWith(`${name}=`) && !line.startsWith(`${name}.sig=`),
  );
  ctx.remove("Set-Cookie");
  if (kept.length > 0) ctx.set("Set-Cookie", kept);
}
