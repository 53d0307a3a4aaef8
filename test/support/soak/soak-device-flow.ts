import type { Credentials } from "../load/load-person.js";
import { form } from "../load/load-requests.js";
import { createUserAgent } from "../user-agent.js";
import { DEVICE_GRANT } from "./soak-clients.js";
import type { SoakFlowDeps } from "./soak-flows.js";

/** A device is connected by somebody who signs in for it (RFC 8628). Its code is kept for 20 minutes. */
export async function connectDevice(
  { http, clients, issuer }: SoakFlowDeps & { readonly issuer: string },
  { username: identifier, password }: Credentials,
): Promise<void> {
  const started = await http.send(
    "device",
    "/device/auth",
    form(clients.device, { scope: "openid" }),
  );
  const { device_code: deviceCode, user_code: userCode } = JSON.parse(started.body) as Record<
    "device_code" | "user_code",
    string
  >;
  const agent = createUserAgent(issuer);
  const entry = await agent.open(`${issuer}/device`);
  const confirmation = await agent.submit(entry, { user_code: userCode });
  const login = await agent.submit(confirmation, { confirm: "yes" });
  const done = await agent.submit(login, { identifier, password }, { action: /\/login$/ });
  if (!done.html.includes("connected")) throw new Error(`device: ${done.status} ${done.url.href}`);
  const fields = { grant_type: DEVICE_GRANT, device_code: deviceCode };
  const answer = await http.send("device", "/token", form(clients.device, fields));
  if (answer.status !== 200) throw new Error(`device: ${answer.status} ${answer.body}`);
}
