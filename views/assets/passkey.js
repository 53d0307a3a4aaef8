// Asks the browser for a passkey, and posts what it answers with the form that asked. A page is
// complete without it: forms of passkeys are hidden until this has found that the browser has them.

const forms = [...document.querySelectorAll("form[data-passkey]")];

/** The request that the browser is busy with: it takes one at a time. */
let running;

if (window.PublicKeyCredential !== undefined) {
  for (const part of document.querySelectorAll("[data-with-passkeys]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-without-passkeys]")) part.hidden = true;
  for (const form of forms) prepare(form);
  tellManagers();
  void tellServer();
}

function prepare(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void ask(form);
  });
  void waitForChoice(form);
}

/** Among what the browser offers to fill into the field for the name, as long as the page is open. */
async function waitForChoice(form) {
  if (form.dataset.conditional === undefined) return;
  if (!(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  if (running !== undefined) return;
  try {
    await request(form, "conditional");
  } catch {
    // Overtaken by the button, or nobody chose any.
  }
}

async function ask(form) {
  say(form, undefined);
  try {
    await request(form);
  } catch (error) {
    // Overtaken by another request, which has its own end.
    if (error.name === "AbortError") return;
    // The one that is on the list of those that the account has already.
    say(form, error.name === "InvalidStateError" ? "known" : "failed");
    void waitForChoice(form);
  }
}

async function request(form, mediation) {
  running?.abort();
  const own = new AbortController();
  running = own;
  try {
    const publicKey = readOptions(form.dataset.options);
    const credential = await navigator.credentials[form.dataset.passkey]({
      publicKey,
      signal: own.signal,
      ...(mediation && { mediation }),
    });
    form.elements.passkey.value = JSON.stringify(write(credential));
  } finally {
    if (running === own) running = undefined;
  }
  takeOver(form);
  form.submit();
}

/** What the other form of the page has: whom it was typed for, whether to stay signed in. */
function takeOver(form) {
  for (const input of form.querySelectorAll("[data-from]")) {
    const source = document.getElementById(input.dataset.from);
    if (source?.type !== "checkbox") input.value = source?.value ?? "";
    else input.value = source.checked ? source.value : "";
  }
}

function say(form, what) {
  for (const words of form.querySelectorAll("[data-said]")) {
    words.hidden = words.dataset.said !== what;
  }
}

/** With the password: that this browser could make a passkey, on this device or with its help. */
async function tellServer() {
  const field = document.querySelector("[data-passkey-maker]");
  if (field === null) return;
  const can = await window.PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  field.value = can ? "yes" : "";
}

/** What passkey managers offer to this account follows what is known of it here. */
function tellManagers() {
  for (const { dataset } of document.querySelectorAll("[data-unknown-passkey]")) {
    tell("signalUnknownCredential", dataset.unknownPasskey);
  }
  for (const { dataset } of document.querySelectorAll("[data-accepted-passkeys]")) {
    for (const accepted of JSON.parse(dataset.acceptedPasskeys)) {
      tell("signalAllAcceptedCredentials", JSON.stringify(accepted));
    }
  }
}

function tell(signal, json) {
  // Those that do not know it lose nothing.
  window.PublicKeyCredential[signal]?.(JSON.parse(json)).catch(() => {});
}

/**
 * As `parseRequestOptionsFromJSON` and `parseCreationOptionsFromJSON` do, and `toJSON` below: several
 * password managers put credentials in place of the browser's for which those fail.
 */
function readOptions(json) {
  const options = JSON.parse(json);
  const withBytes = (list = []) => list.map((each) => ({ ...each, id: toBytes(each.id) }));
  return {
    ...options,
    challenge: toBytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: toBytes(options.user.id) } }),
    ...(options.allowCredentials && { allowCredentials: withBytes(options.allowCredentials) }),
    ...(options.excludeCredentials && { excludeCredentials: withBytes(options.excludeCredentials) }),
  };
}

function write(credential) {
  const { response } = credential;
  const id = toText(credential.rawId);
  const texts = {};
  for (const name of [
    "clientDataJSON",
    "attestationObject",
    "authenticatorData",
    "signature",
    "userHandle",
  ]) {
    if (response[name]) texts[name] = toText(response[name]);
  }
  return {
    id,
    rawId: id,
    type: credential.type,
    response: { ...texts, transports: orNothing(() => response.getTransports()) },
    clientExtensionResults: orNothing(() => credential.getClientExtensionResults()),
  };
}

function orNothing(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function toBytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function toText(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
