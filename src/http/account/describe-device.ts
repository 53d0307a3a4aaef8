import { asWritten, message, type Message } from "../../lib/message.js";

/** The first that a user agent contains is it: later ones are part of what earlier ones send. */
const BROWSERS: readonly (readonly [mark: string, name: string])[] = [
  ["Edg", "Edge"],
  ["OPR/", "Opera"],
  ["SamsungBrowser", "Samsung Internet"],
  ["Firefox", "Firefox"],
  ["FxiOS", "Firefox"],
  ["CriOS", "Chrome"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
];

const SYSTEMS: readonly (readonly [mark: string, name: string])[] = [
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["CrOS", "ChromeOS"],
  ["Windows", "Windows"],
  ["Macintosh", "Mac"],
  ["Linux", "Linux"],
];

/** "Firefox on Linux": as much as a person needs to tell their devices apart. */
export function describeDevice(userAgent: string | undefined): Message {
  const browser = findName(BROWSERS, userAgent);
  const system = findName(SYSTEMS, userAgent);
  if (browser !== undefined && system !== undefined) {
    return message("account.device-on", { browser, system });
  }
  const known = browser ?? system;
  return known === undefined ? message("account.device-unknown") : asWritten(known);
}

/** "Firefox, Linux": for a name that is kept, and read in any language. "" when nothing is known. */
export function nameDevice(userAgent: string | undefined): string {
  const names = [findName(BROWSERS, userAgent), findName(SYSTEMS, userAgent)];
  return names.filter((name) => name !== undefined).join(", ");
}

function findName(names: typeof BROWSERS, userAgent = ""): string | undefined {
  return names.find(([mark]) => userAgent.includes(mark))?.[1];
}

/** RFC 1918, RFC 1122 §3.2.1.3, RFC 4193, and `::1` as device facts keep it. */
const LOCAL = /^(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))\.|^f[cd][0-9a-f]{2}:|^0:0:0:/i;

/** The network that a device was in, which is all that is kept of its address. */
export function describePlace(network: string | undefined): Message {
  if (network === undefined) return message("account.place-unknown");
  const [address = ""] = network.split("/");
  const shortened = address.includes(":")
    ? address.replace("::", ":…")
    : address.replace(/0$/, "x");
  const key = LOCAL.test(network) ? "account.place-local" : "account.place";
  return message(key, { address: shortened });
}
