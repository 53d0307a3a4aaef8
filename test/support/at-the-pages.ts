/** What people do at the pages, found as people find it: by labels and the words on buttons. */
import type { Page } from "playwright-core";
import type { WebApplication } from "./web-application.js";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export async function fillIn(page: Page, { username, password }: Credentials): Promise<void> {
  await page.getByLabel("Email or username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
}

export async function signIn(page: Page, credentials: Credentials): Promise<void> {
  await fillIn(page, credentials);
  await press(page, "Sign in");
}

/** Presses a button of a form and waits for the page that the answer, or its redirects, lead to. */
export async function press(page: Page, name: string): Promise<void> {
  await Promise.all([
    page.waitForEvent("load"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
}

export async function follow(page: Page, name: string): Promise<void> {
  await Promise.all([
    page.waitForEvent("load"),
    page.getByRole("link", { name, exact: true }).click(),
  ]);
}

export function headingOf(page: Page): Promise<string> {
  return page.locator("h1").innerText();
}

/** From the application's link as far as its own page, whatever is asked between. */
export async function arrive(
  page: Page,
  app: WebApplication,
  credentials: Credentials,
): Promise<void> {
  await page.goto(app.loginUrl());
  await goOn(page, app, credentials);
}

/** Answers the pages until the browser is back at the application. */
export async function goOn(
  page: Page,
  app: WebApplication,
  credentials: Credentials,
): Promise<void> {
  for (let step = 0; step < 4 && !page.url().startsWith(app.origin); step++) {
    const heading = await headingOf(page);
    if (heading.startsWith("Sign in to")) await signIn(page, credentials);
    else if (heading.includes("asks for access")) await press(page, "Allow");
    else throw new Error(`stuck at ${page.url()}: ${heading}`);
  }
}
