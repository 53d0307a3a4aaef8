import type { AccountDeps } from "./account-deps.js";
import { createEmailSection } from "./email/email-section.js";
import { createPasswordSection } from "./password-section.js";
import { createPasskeysSection } from "./passkeys-section.js";
import { createProvidersSection } from "./providers-section.js";
import { createRecoveryCodesSection, createSecondStepSection } from "./second-step-section.js";
import type { DescribeSection } from "./security-section.js";

/** What `/account/security` shows, in this order: a new section is a row here. */
export function createSecuritySections(deps: AccountDeps): readonly DescribeSection[] {
  return [
    createPasswordSection(deps),
    createPasskeysSection(deps),
    createSecondStepSection(deps),
    createRecoveryCodesSection(deps),
    createProvidersSection(deps),
    createEmailSection(deps),
  ];
}
