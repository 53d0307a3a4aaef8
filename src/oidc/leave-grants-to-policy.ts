import type { Provider } from "oidc-provider";
import { POLICY_GRANTS } from "./grant-types.js";

/** Whether a client may use them is not its metadata's matter, which it may register itself. */
export function leaveGrantsToPolicy({ Client }: Provider): void {
  const isRegistered: unknown = Reflect.get(Client.prototype, "grantTypeAllowed");
  if (typeof isRegistered !== "function")
    throw new TypeError("the library's clients have no grants");
  Client.prototype.grantTypeAllowed = function grantTypeAllowed(type) {
    return POLICY_GRANTS.has(type) || Reflect.apply(isRegistered, this, [type]);
  };
}
