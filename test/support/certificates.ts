import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ServerCertificate } from "./own-postgres.js";

const run = promisify(execFile);

export interface TestAuthority {
  /** The file with its own certificate, for `sslrootcert`. */
  readonly certificateFile: string;
  /** For a server of this DNS name. */
  issue(dnsName: string): Promise<ServerCertificate>;
  close(): Promise<void>;
}

/** A certificate authority that nobody trusts until told to, by the program `openssl`. */
export async function createTestAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-authority-"));
  const file = (name: string) => join(folder, name);
  const openssl = (command: string) => run("openssl", command.split(" "), { cwd: folder });
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  await openssl(
    `req -x509 ${newKey} -keyout ca.key -out ca.pem -days 1 -subj /CN=test-authority -addext basicConstraints=critical,CA:TRUE`,
  );
  return {
    certificateFile: file("ca.pem"),
    async issue(dnsName) {
      await openssl(`req ${newKey} -keyout server.key -out server.csr -subj /`);
      await writeFile(file("server.ext"), `subjectAltName=DNS:${dnsName}\n`);
      await openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 1 -extfile server.ext",
      );
      return {
        certificate: await readFile(file("server.pem"), "utf8"),
        key: await readFile(file("server.key"), "utf8"),
      };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
