import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM files of a certificate authority of our own. */
export interface TestCertificates {
  readonly ca: string;
  /** For `names`, signed by it. */
  readonly cert: string;
  readonly key: string;
  remove(): Promise<void>;
}

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** @param names as in "IP:127.0.0.1,DNS:localhost" */
export async function createTestCertificates(names: string): Promise<TestCertificates> {
  const directory = await mkdtemp(join(tmpdir(), "latchkey-certificates-"));
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const [ca, caKey, cert, key] = ["ca.pem", "ca.key", "server.pem", "server.key"].map(file) as [
    string,
    string,
    string,
    string,
  ];
  openssl(
    "req",
    "-x509",
    ...EC_KEY,
    "-days",
    "2",
    "-subj",
    "/CN=Test CA",
    "-keyout",
    caKey,
    "-out",
    ca,
  );
  openssl("req", ...EC_KEY, "-subj", "/CN=server", "-keyout", key, "-out", file("server.csr"));
  await writeFile(file("names"), `subjectAltName=${names}\n`);
  const sign = `x509 -req -CAcreateserial -days 2 -in ${file("server.csr")} -CA ${ca} -CAkey ${caKey}`;
  openssl(...sign.split(" "), "-extfile", file("names"), "-out", cert);
  return { ca, cert, key, remove: () => rm(directory, { recursive: true, force: true }) };
}
