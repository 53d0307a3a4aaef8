import { message, type Message } from "../lib/message.js";
import type { AddressClaim, ProfileClaims } from "./account.js";
import { isTimeZone } from "./time-zone.js";

/** Parts of the profile that a person may change, by the claims of OpenID Connect Core §5.1. */
export const PROFILE_FIELDS = [
  "name",
  "given_name",
  "middle_name",
  "family_name",
  "nickname",
  "gender",
  "birthdate",
  "profile",
  "website",
  "picture",
  "phone_number",
  "locale",
  "zoneinfo",
  "address.street_address",
  "address.locality",
  "address.region",
  "address.postal_code",
  "address.country",
] as const;

export type ProfileField = (typeof PROFILE_FIELDS)[number];

/** Claims that the operator lets people change; `address` is all of its parts. */
export const EDITABLE_CLAIMS = [
  ...new Set(PROFILE_FIELDS.map((field) => field.split(".")[0] ?? field)),
];

/** 200: longer than any name, and short in every token. */
const MAX_LENGTH = 200;
/** 512: addresses of pages are longer. */
const MAX_URL_LENGTH = 512;
/** ITU-T E.164: a country code, 15 digits at most. */
const PHONE = /^\+[1-9]\d{5,14}$/;
/** §5.1: a date, a year, or with year 0000 a day of any year. */
const BIRTHDATE = /^(?<year>\d{4})(?:-(?<month>\d{2})-(?<day>\d{2}))?$/;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export function readField(profile: ProfileClaims, field: ProfileField): string {
  const [claim = "", part] = field.split(".");
  const values = new Map<string, unknown>(Object.entries(profile));
  const value =
    part === undefined
      ? values.get(claim)
      : new Map<string, unknown>(Object.entries(profile.address ?? {})).get(part);
  return typeof value === "string" ? value : "";
}

/** @param value "" takes the claim away. */
export function writeField(
  profile: ProfileClaims,
  field: ProfileField,
  value: string,
): ProfileClaims {
  const [claim = "", part] = field.split(".");
  if (part !== undefined) {
    const address: AddressClaim = withValue(profile.address ?? {}, part, value);
    const { address: _former, ...others } = profile;
    return Object.keys(address).length === 0 ? others : { ...others, address };
  }
  const changed: ProfileClaims = withValue(profile, claim, value);
  // Nobody has verified the new one.
  return claim === "phone_number" ? withValue(changed, "phone_number_verified", "") : changed;
}

function withValue(object: object, name: string, value: string): object {
  const others = Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
  return value === "" ? others : { ...others, [name]: value };
}

interface Rule {
  readonly isRight: (value: string) => boolean;
  readonly otherwise: string;
}

const ADDRESS_RULE: Rule = { isRight: isWebAddress, otherwise: "profile.no-address" };

const RULES: { readonly [Field in ProfileField]?: Rule } = {
  profile: ADDRESS_RULE,
  website: ADDRESS_RULE,
  picture: ADDRESS_RULE,
  birthdate: { isRight: isBirthdate, otherwise: "profile.no-birthdate" },
  phone_number: { isRight: (value) => PHONE.test(value), otherwise: "profile.no-phone" },
  zoneinfo: { isRight: isTimeZone, otherwise: "profile.no-zone" },
  locale: { isRight: isLocale, otherwise: "profile.no-locale" },
};

/** @returns what is wrong with it; undefined when nothing is. */
export function checkField(field: ProfileField, value: string): Message | undefined {
  if (value === "") return undefined;
  if (UNPRINTABLE.test(value)) return message("profile.unprintable");
  const rule = RULES[field];
  const max = rule === ADDRESS_RULE ? MAX_URL_LENGTH : MAX_LENGTH;
  if (value.length > max) return message("profile.too-long", { max });
  return rule === undefined || rule.isRight(value) ? undefined : message(rule.otherwise);
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "https:" && url.username === "" && url.password === "";
}

function isBirthdate(text: string): boolean {
  const { year = "", month, day } = BIRTHDATE.exec(text)?.groups ?? {};
  if (month === undefined || day === undefined) return year !== "" && year !== "0000";
  // 2000 is a leap year, as one without a year may be.
  const date = new Date(`${year === "0000" ? "2000" : year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
