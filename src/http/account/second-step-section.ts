import { message } from "../../lib/message.js";
import type { AccountDeps } from "./account-deps.js";
import type { DescribeSection } from "./security-section.js";

type SecondStepSectionDeps = Pick<
  AccountDeps,
  "secondSteps" | "isOffered" | "ownDemand" | "accounts" | "basePath"
>;

/** The authenticator app, for who has a password that it can protect. */
export function createSecondStepSection(deps: SecondStepSectionDeps): DescribeSection {
  const setUpUrl = `${deps.basePath}/account/second-step/set-up`;
  return async ({ account }) => {
    if (!deps.isOffered) return undefined;
    const isOn = (await deps.secondSteps.find(account.id)) !== undefined;
    const remove = {
      label: message("second-step.section-remove"),
      act: "remove-second-step",
      fields: {},
    };
    const isRequired = deps.ownDemand.secondStep !== undefined;
    return {
      name: "second-step",
      title: message("second-step.section"),
      status: message(isOn ? "second-step.section-on" : "second-step.section-off"),
      mark: isOn ? "done" : "neutral",
      items: [],
      actions: isOn
        ? [
            { label: message("second-step.section-other"), href: setUpUrl },
            ...(isRequired ? [] : [remove]),
          ]
        : [{ label: message("second-step.section-set-up"), href: setUpUrl }],
    };
  };
}

/** What gets in who has lost the app. */
export function createRecoveryCodesSection(deps: SecondStepSectionDeps): DescribeSection {
  return async ({ account }) => {
    const found = deps.isOffered ? await deps.secondSteps.find(account.id) : undefined;
    if (found === undefined) return undefined;
    const { total, used } = found.recoveryCodes;
    const none = total === 0 ? "second-step.codes-none" : "second-step.codes-all-used";
    const href = `${deps.basePath}/account/second-step/new-codes`;
    return {
      name: "recovery-codes",
      title: message("second-step.codes-section"),
      status: used < total ? message("second-step.codes-used", { used, total }) : message(none),
      mark: used < total ? "done" : "attention",
      items: [],
      actions: [{ label: message("second-step.codes-make"), href }],
    };
  };
}
