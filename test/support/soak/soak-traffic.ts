import type { TestServer } from "../test-server.js";
import { createHonestClient } from "../load/honest-client.js";
import { createLoadLedger } from "../load/load-ledger.js";
import { createLoadPerson, type Session } from "../load/load-person.js";
import type { SoakClients } from "./soak-clients.js";
import { connectDevice } from "./soak-device-flow.js";
import { SOAK_FLOWS, type SoakFlowDeps } from "./soak-flows.js";

export interface SoakTraffic {
  readonly flows: number;
  readonly requests: number;
  /** What should not have happened, the first few. */
  readonly surprises: readonly string[];
  /**
   * Resolves after so many more.
   * @param deviceEvery one flow in so many connects a device, whose code is kept for 20 minutes; 0: none.
   */
  run(flows: number, deviceEvery?: number): Promise<void>;
  close(): void;
}

/** Below the life of a session of `soak-node.ts`, so that what hangs on one outlives its use. */
const SESSION_USED_FOR_MS = 40_000;
const SURPRISES_AT_MOST = 20;

export async function createSoakTraffic(
  server: TestServer,
  clients: SoakClients,
  workers: number,
): Promise<SoakTraffic> {
  const { issuer } = server;
  const ledger = createLoadLedger({ boundMs: 30_000 });
  const isOver = () => false;
  const http = createHonestClient({ issuer, ledger, isOver });
  const deps: SoakFlowDeps = { http, clients, ledger };
  const kinds = Object.entries(SOAK_FLOWS);
  const surprises: string[] = [];
  let flows = 0;

  const people = await Promise.all(
    Array.from({ length: workers }, async (_, index) => {
      const credentials = { username: `soaker-${index}`, password: server.password };
      await server.app.createAccount({ ...credentials, profile: {} });
      const person = createLoadPerson({ issuer, client: clients.web, credentials, ledger, isOver });
      return { credentials, person, session: undefined as Session | undefined, signedInAt: 0 };
    }),
  );
  type Person = (typeof people)[number];

  /** Every second session ends with a sign-out, the others by themselves. */
  async function useSession(each: Person): Promise<string> {
    if (each.session !== undefined && performance.now() - each.signedInAt < SESSION_USED_FOR_MS) {
      return each.session.cookie;
    }
    if (each.session !== undefined && flows % 2 === 0) await each.person.signOut();
    each.session = await each.person.signIn();
    each.signedInAt = performance.now();
    if (each.session === undefined) throw new Error("nobody is signed in");
    return each.session.cookie;
  }

  async function runOne(each: Person, number: number): Promise<void> {
    const cookie = await useSession(each);
    const [name, flow] = kinds[number % kinds.length] ?? [];
    try {
      await flow?.(deps, cookie);
    } catch (err) {
      throw new Error(`${name}: ${String(err)}`, { cause: err });
    }
  }

  return {
    get flows() {
      return flows;
    },
    get requests() {
      return ledger.counts.requests;
    },
    get surprises() {
      return [...surprises, ...ledger.violations].slice(0, SURPRISES_AT_MOST);
    },
    async run(more, deviceEvery = 0) {
      const end = flows + more;
      await Promise.all(
        people.map(async (each) => {
          while (flows < end) {
            const number = ++flows;
            try {
              if (deviceEvery > 0 && number % deviceEvery === 0) {
                await connectDevice({ ...deps, issuer }, each.credentials);
              } else {
                await runOne(each, number);
              }
            } catch (err) {
              if (surprises.length < SURPRISES_AT_MOST) surprises.push(String(err));
            }
          }
        }),
      );
    },
    close: () => http.close(),
  };
}
