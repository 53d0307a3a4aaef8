import type { Clock } from "../../lib/clock.js";
import type { Renderer } from "../render.js";

export interface PlaygroundDeps {
  readonly issuer: string;
  /** Path of the issuer without a slash at its end; "" at the root of the host. */
  readonly basePath: string;
  readonly render: Renderer["render"];
  readonly clientId: string;
  /** "" as long as the client is not registered. */
  readonly clientSecret: () => string;
  /** The RFC 8707 identifier of the example API, which is its address, too. */
  readonly resource: string;
  readonly clock: Clock;
}

/** What the steps of the protocol need of it. */
export type ClientDeps = Omit<PlaygroundDeps, "render" | "basePath">;

/** Where the client is registered to be reached; `byHand` is the page that shows a code. */
export function clientAddresses(issuer: string) {
  return {
    redirectUri: `${issuer}/playground/callback`,
    byHand: `${issuer}/callback`,
    postLogoutRedirectUri: `${issuer}/playground`,
  };
}
