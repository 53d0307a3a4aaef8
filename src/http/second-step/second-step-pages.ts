import type { Sealer } from "../../lib/seal.js";
import { createPendingSignIns } from "./pending-sign-in.js";
import { createSecondStepFlow, type SecondStepFlowDeps } from "./second-step-flow.js";
import { createShowSecondStep, type ShowSecondStepDeps } from "./show-second-step.js";

export interface SecondStepPagesDeps
  extends
    Omit<SecondStepFlowDeps, "showSecondStep" | "pendingSignIns">,
    Omit<ShowSecondStepDeps, "sealer" | "secondSteps"> {
  readonly secondStepSealer: Sealer;
  readonly basePath: string;
}

/** What the pages of a second step share, wherever they are. */
export function createSecondStepPages(deps: SecondStepPagesDeps) {
  const { secondStepSealer: sealer, clock, basePath } = deps;
  const showSecondStep = createShowSecondStep({ ...deps, sealer });
  const pendingSignIns = createPendingSignIns(sealer, clock, basePath);
  const secondStepFlow = createSecondStepFlow({ ...deps, showSecondStep, pendingSignIns });
  return { showSecondStep, pendingSignIns, secondStepFlow };
}
