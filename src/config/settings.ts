import type { z } from "zod";
import { accountSettings } from "./account-settings.js";
import { mailSettings } from "./mail-settings.js";
import { attemptSettings } from "./attempt-settings.js";
import { passkeySettings } from "./passkey-settings.js";
import { protocolSettings } from "./protocol-settings.js";
import { passwordSettings } from "./password-settings.js";
import type { Setting } from "./setting.js";
import { secondStepSettings } from "./second-step-settings.js";
import { serverSettings } from "./server-settings.js";
import { signUpSettings } from "./sign-up-settings.js";
import { themeSettings } from "./theme-settings.js";

/** Every environment variable that Latchkey reads. Reading and documentation both come from here. */
const settings = {
  ...serverSettings,
  ...protocolSettings,
  ...mailSettings,
  ...attemptSettings,
  ...passwordSettings,
  ...secondStepSettings,
  ...passkeySettings,
  ...signUpSettings,
  ...accountSettings,
  ...themeSettings,
};

type Settings = typeof settings;
export type SettingName = keyof Settings;

/** The parsed value of each setting; undefined where it has no default and was not given. */
export type SettingValues = {
  readonly [Name in SettingName]:
    | z.output<Settings[Name]["type"]>
    | (Settings[Name] extends { default: string } ? never : undefined);
};

/** The same table without the type of each value, for loops over all of it. */
export const settingList: readonly (readonly [SettingName, Setting])[] = Object.keys(settings)
  .filter(isSettingName)
  .map((name) => [name, settings[name]] as const);

export function exampleOf(name: SettingName): string {
  return `${name}=${settings[name].example}`;
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}
