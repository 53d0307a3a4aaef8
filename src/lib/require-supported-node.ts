/** Imported first by every entry: ends the process before anything else loads on a Node.js that is too old. */
const MINIMUM_MAJOR = 24;

const [major = "0"] = process.versions.node.split(".");
if (Number(major) < MINIMUM_MAJOR) {
  process.stderr.write(
    `latchkey: Node.js ${MINIMUM_MAJOR} or later is needed; this is ${process.versions.node}. In a clone, "npm start" and "npm run latchkey" bring the right one.\n`,
  );
  process.exit(1);
}
