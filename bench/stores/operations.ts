import { headerOf, type Answer, type KeepAliveConnection } from "./keep-alive-connection.js";
import { authorizationQuery, codeExchange, type Population, type Session } from "./population.js";
import { JWT_API, OPAQUE_API } from "./registration.js";

export interface Operation {
  readonly name: string;
  /** Throughput of Latchkey on PostgreSQL and Redis, as a share of the bare library's. */
  readonly target: number;
  /** Does it once, and throws unless it was answered as it should be. */
  run(connection: KeepAliveConnection, people: Turns): Promise<void>;
}

/** Whose turn it is; nobody is in two requests at once. */
export interface Turns {
  readonly host: string;
  readonly api: string;
  nextMachine(): string;
  withSession(work: (session: Session) => Promise<void>): Promise<void>;
}

export function createTurns(host: string, { machines, api, sessions }: Population): Turns {
  const waiting = [...sessions];
  let machine = 0;
  return {
    host,
    api,
    nextMachine() {
      machine = (machine + 1) % machines.length;
      return machines[machine] ?? "";
    },
    async withSession(work) {
      const session = waiting.shift();
      if (session === undefined) throw new Error("more connections than sessions");
      await work(session);
      waiting.push(session);
    },
  };
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: "client credentials, opaque",
    target: 0.9,
    async run(connection, { host, nextMachine }) {
      const form = { grant_type: "client_credentials" };
      const answer = await connection.send(post("/token", { host, auth: nextMachine(), form }));
      if (fieldOf(answer, "access_token").includes(".")) throw unexpected(answer);
    },
  },
  {
    name: "client credentials, JWT ES256",
    target: 0.95,
    async run(connection, { host, nextMachine }) {
      const form = { grant_type: "client_credentials", resource: JWT_API };
      const answer = await connection.send(post("/token", { host, auth: nextMachine(), form }));
      if (fieldOf(answer, "access_token").split(".").length !== 3) throw unexpected(answer);
    },
  },
  {
    name: "code flow (authorize, token, userinfo)",
    target: 0.9,
    run: (connection, { host, withSession }) =>
      withSession(async ({ clientId, basic: auth, cookie, subject }) => {
        const path = `/auth?${authorizationQuery(clientId)}`;
        const authorized = await connection.send(get(path, { host, headers: { Cookie: cookie } }));
        const form = codeExchange(codeOf(authorized));
        const tokens = await connection.send(post("/token", { host, auth, form }));
        fieldOf(tokens, "id_token");
        await readUserinfo(connection, { host, token: fieldOf(tokens, "access_token"), subject });
      }),
  },
  {
    name: "refresh with rotation",
    target: 0.85,
    run: (connection, { host, withSession }) =>
      withSession(async (session) => {
        const { basic: auth, refreshToken } = session;
        const form = { grant_type: "refresh_token", refresh_token: refreshToken };
        const answer = await connection.send(post("/token", { host, auth, form }));
        session.refreshToken = fieldOf(answer, "refresh_token");
        if (session.refreshToken === refreshToken) throw unexpected(answer);
      }),
  },
  {
    name: "introspection, opaque",
    target: 0.95,
    run: (connection, { host, api: auth, withSession }) =>
      withSession(async ({ apiToken, subject }) => {
        const form = { token: apiToken };
        const answer = await connection.send(post("/token/introspect", { host, auth, form }));
        if (fieldOf(answer, "sub") !== subject) throw unexpected(answer);
        if (fieldOf(answer, "aud") !== OPAQUE_API) throw unexpected(answer);
      }),
  },
  {
    name: "userinfo",
    target: 0.9,
    run: (connection, { host, withSession }) =>
      withSession(({ accessToken, subject }) =>
        readUserinfo(connection, { host, token: accessToken, subject }),
      ),
  },
];

async function readUserinfo(
  connection: KeepAliveConnection,
  { host, token, subject }: { host: string; token: string; subject: string },
): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await connection.send(get("/me", { host, headers }));
  if (fieldOf(answer, "sub") !== subject) throw unexpected(answer);
}

function get(path: string, of: { host: string; headers: Record<string, string> }): string {
  const lines = Object.entries(of.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\nHost: ${of.host}\r\nAccept: */*\r\n${lines.join("")}\r\n`;
}

export function post(
  path: string,
  of: { host: string; auth: string; form: Record<string, string> },
) {
  const body = new URLSearchParams(of.form).toString();
  return (
    `POST ${path} HTTP/1.1\r\nHost: ${of.host}\r\nAccept: */*\r\nAuthorization: ${of.auth}\r\n` +
    `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

function codeOf(answer: Answer): string {
  const location = headerOf(answer.head, "location") ?? "";
  const code = /[?&]code=([^&]+)/.exec(location)?.[1];
  if (answer.status !== 303 || code === undefined) throw unexpected(answer);
  return code;
}

/** @throws unless the answer is 200 and JSON with this field, a string. */
export function fieldOf(answer: Answer, name: string): string {
  if (answer.status !== 200) throw unexpected(answer);
  const value = (JSON.parse(answer.body) as Record<string, unknown>)[name];
  if (typeof value !== "string") throw unexpected(answer);
  return value;
}

function unexpected({ head, body }: Answer): Error {
  return new Error(`unexpected answer: ${head}\n\n${body}`);
}
