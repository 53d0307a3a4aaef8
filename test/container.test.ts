import { expect } from "chai";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { loadConfig } from "../src/config/load-config.js";
import { secretFileNames } from "../src/config/secret-file.js";
import { settingList } from "../src/config/settings.js";
import { findTexts, loadBuildContext, loadDockerfile, parseCopy } from "./support/dockerfile.js";
import { PROJECT } from "./support/documentation.js";

const run = promisify(execFile);
const read = (path: string) => readFileSync(join(PROJECT, path), "utf8");

const project = JSON.parse(read("package.json")) as {
  version: string;
  description: string;
  license: string;
  files: string[];
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
};

describe("the image", () => {
  const stages = loadDockerfile();
  const [build, dependencies, image] = stages;
  if (build === undefined || dependencies === undefined || image === undefined) {
    throw new Error("the Dockerfile has three stages");
  }
  const one = (keyword: string) => {
    const texts = findTexts(image, keyword);
    expect(texts, keyword).to.have.length(1);
    return texts[0] ?? "";
  };

  it("has the Node.js that the tests run on, in every stage", () => {
    for (const { image: base } of stages) {
      expect(base).to.match(new RegExp(`^node:${project.devDependencies["node"]}-\\w+-slim$`));
    }
  });

  it("is built from files that exist and that .dockerignore lets through", () => {
    const context = loadBuildContext();
    const copied = stages
      .flatMap((stage) => findTexts(stage, "COPY").map(parseCopy))
      .filter(({ from }) => from === undefined)
      .flatMap(({ sources }) => sources);
    expect([...new Set(copied)].toSorted()).to.deep.equal(context.toSorted());
    for (const path of context) expect(existsSync(join(PROJECT, path)), path).to.equal(true);
  });

  it("is built from nothing that .gitignore names", () => {
    const ignored = read(".gitignore")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => new RegExp(`^${line.replaceAll("/", "").replaceAll("*", ".*")}$`));
    for (const path of loadBuildContext()) {
      expect(
        ignored.filter((pattern) => pattern.test(path)),
        path,
      ).to.deep.equal([]);
    }
  });

  it("holds what the package holds, and production dependencies", () => {
    const copies = findTexts(image, "COPY").map(parseCopy);
    const held = copies.flatMap(({ sources }) => sources.map((path) => path.replace("/app/", "")));
    expect(held.toSorted()).to.deep.equal(
      [...project.files, "package.json", "node_modules"].toSorted(),
    );
    const modules = copies.find(({ target }) => target === "./node_modules");
    expect(modules?.from).to.equal(dependencies.name);
    expect(findTexts(dependencies, "RUN").join("\n")).to.match(/ npm ci --omit=dev /);
  });

  it("starts as npm start does, without a shell between", () => {
    const entry = JSON.parse(one("ENTRYPOINT")) as string[];
    const [, flags = ""] = /^node (.*) dist\/src\/main\.js$/.exec(project.scripts["start"]!) ?? [];
    expect(entry).to.deep.equal(["node", ...flags.split(" "), "/app/dist/src/cli.js"]);
    expect(JSON.parse(one("CMD"))).to.deep.equal(["serve"]);
  });

  it("runs as a user with a number of its own", () => {
    expect(one("USER")).to.match(/^[1-9]\d{4,}:[1-9]\d{4,}$/);
  });

  it("asks for its health by a file that it has", () => {
    const [, command = ""] = one("HEALTHCHECK").split(" CMD ");
    const [node, file = "", check] = JSON.parse(command) as string[];
    expect([node, check]).to.deep.equal(["node", "live"]);
    const source = file.replace("/app/dist/", "").replace(/\.js$/, ".ts");
    expect(existsSync(join(PROJECT, source)), source).to.equal(true);
  });

  it("is labelled with what the package says of itself", () => {
    const labels = new Map(
      Array.from(one("LABEL").matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g), (match) => [
        match[1],
        match[2],
      ]),
    );
    expect(labels.get("version")).to.equal(project.version);
    expect(labels.get("description")).to.equal(project.description);
    expect(labels.get("licenses")).to.equal(project.license);
  });
});

interface Service {
  image: string;
  command?: string | string[];
  environment?: Record<string, string>;
  secrets?: string[];
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: unknown; disable?: boolean };
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
}

describe("the compose file", () => {
  const compose = parse(read("docker-compose.yml"), { merge: true }) as {
    services: Record<string, Service>;
    secrets: Record<string, { file: string }>;
  };
  const services = Object.entries(compose.services);

  it("gives no service more rights than it needs", () => {
    for (const [name, service] of services) {
      expect(service.read_only, name).to.equal(true);
      expect(service.cap_drop, name).to.deep.equal(["ALL"]);
      expect(service.security_opt, name).to.deep.equal(["no-new-privileges:true"]);
    }
  });

  it("publishes the server alone, to this machine alone", () => {
    const published = services.flatMap(([name, { ports = [] }]) =>
      ports.map((port) => `${name} ${port}`),
    );
    expect(published).to.deep.equal(["server 127.0.0.1:${PORT:-8000}:8000"]);
  });

  it("hands secrets over in files only, each to whom it names it", () => {
    for (const [name, { environment = {}, secrets = [] }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!variable.endsWith("_FILE")) {
          expect(variable, name).to.not.match(/PASSWORD|SECRET|KEY|_URL|TOKEN/);
          continue;
        }
        expect(value).to.match(/^\/run\/secrets\//);
        expect(secrets, `${name} ${variable}`).to.include(value.replace("/run/secrets/", ""));
      }
    }
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).to.match(new RegExp(`^\\$\\{LATCHKEY_SECRETS(:\\?[^}]*)?\\}/${name}$`));
    }
  });

  it("says what to run when there are no secrets yet", () => {
    const messages = Object.values(compose.secrets).flatMap(
      ({ file }) => /:\?([^}]*)\}/.exec(file)?.[1] ?? [],
    );
    expect(messages).to.have.length(1);
    const [script = ""] = /\.\/container\/\S+/.exec(messages[0] ?? "") ?? [];
    expect(existsSync(join(PROJECT, script)), script).to.equal(true);
  });

  it("names settings that exist", () => {
    const known: string[] = [...settingList.map(([name]) => name), ...secretFileNames];
    for (const name of ["server", "migrate"]) {
      expect(known).to.include.members(Object.keys(compose.services[name]?.environment ?? {}));
    }
  });

  it("starts the server when the schema is up to date and the stores are healthy", () => {
    expect(compose.services["server"]?.depends_on).to.deep.equal({
      migrate: { condition: "service_completed_successfully" },
      postgres: { condition: "service_healthy" },
      redis: { condition: "service_healthy" },
    });
    expect(compose.services["migrate"]?.command).to.deep.equal(["migrate"]);
    expect(compose.services["migrate"]?.depends_on).to.deep.equal({
      postgres: { condition: "service_healthy" },
    });
    for (const store of ["postgres", "redis"]) {
      expect(compose.services[store]?.healthcheck?.test, store).to.not.equal(undefined);
    }
  });

  it("keeps what Redis holds, and lets it evict nothing", () => {
    const { command, volumes } = compose.services["redis"] ?? {};
    const words = String(command).split(" ");
    const valueOf = (option: string) => words[words.indexOf(option) + 1];
    expect(valueOf("--appendonly")).to.equal("yes");
    expect(valueOf("--maxmemory-policy")).to.equal("noeviction");
    expect(volumes).to.deep.equal(["redis:/data"]);
  });

  it("mounts files that exist", () => {
    const files = services.flatMap(([, { volumes = [] }]) =>
      volumes.filter((volume) => volume.startsWith("./")),
    );
    expect(files).to.have.length(1);
    for (const file of files) {
      const [path = ""] = file.split(":");
      expect(statSync(join(PROJECT, path)).mode & 0o111, path).to.not.equal(0);
    }
  });

  describe("container/create-secrets.sh", () => {
    let directory: string;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), "latchkey-compose-"));
      cpSync(join(PROJECT, "container"), join(directory, "container"), { recursive: true });
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    const create = () => run(join(directory, "container", "create-secrets.sh"));
    const pathOf = (name: string) => join(directory, "secrets", name);
    const secretOf = (name: string) => readFileSync(pathOf(name), "utf8").trimEnd();

    it("makes every secret that the compose file names, and says where in .env", async () => {
      await create();
      const names = Object.keys(compose.secrets);
      for (const name of names) expect(existsSync(pathOf(name)), name).to.equal(true);
      expect(readFileSync(join(directory, ".env"), "utf8")).to.match(
        /^LATCHKEY_SECRETS=\.\/secrets$/m,
      );
    });

    it("makes what a production server accepts, and what its stores are given", async () => {
      await create();
      const { environment = {} } = compose.services["server"] ?? {};
      const files = Object.entries(environment)
        .filter(([name]) => name.endsWith("_FILE"))
        .map(([name, path]) => [name, path.replace("/run/secrets", join(directory, "secrets"))]);
      const config = loadConfig({ NODE_ENV: "production", ...Object.fromEntries(files) });
      const redis = new URL(config.redisUrl ?? "");
      expect(new URL(config.databaseUrl).host).to.equal("postgres");
      expect(redis.host).to.equal("redis");
      expect(secretOf("redis.conf")).to.equal(`requirepass ${redis.password}`);
      const passwords = [redis.password, new URL(config.databaseUrl).password];
      const all = [...passwords, config.secretKey, secretOf("postgres-password")];
      expect(new Set(all).size).to.equal(4);
      for (const secret of all) expect(secret).to.match(/^[0-9a-f]{64}$/);
    });

    it("lets the containers read them, and nobody else on the machine", async () => {
      await create();
      const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
      expect(modeOf(join(directory, "secrets"))).to.equal("700");
      expect(modeOf(pathOf("secret-key"))).to.equal("644");
    });

    it("replaces nothing that is there", async () => {
      await create();
      const before = secretOf("secret-key");
      const refusal = await create().then(
        () => undefined,
        (error: { code: number; stderr: string }) => error,
      );
      expect(refusal?.code).to.equal(1);
      expect(refusal?.stderr).to.match(/^secrets\/ is there already and stays as it is\./);
      expect(secretOf("secret-key")).to.equal(before);
    });
  });
});
