import type { Context } from "koa";
import type { NoticeFacts } from "../../mail/notify.js";
import { deviceFacts } from "../../oidc/device-facts.js";
import { languageOf } from "../language-of.js";
import { describeDevice, describePlace } from "./describe-device.js";

/** By which a person recognises in a mail what they did themselves. */
export function noticeFacts(ctx: Context): NoticeFacts {
  const facts = deviceFacts(ctx, 0);
  return {
    device: describeDevice(facts?.userAgent),
    place: describePlace(facts?.network),
    language: languageOf(ctx),
  };
}
