import { expect } from "chai";
import { describeInBrowser } from "../support/describe-in-browser.js";
import { startSampleServer, type SampleServer } from "../support/sample-server.js";

/** Five minutes, as the sample says. */
const WAITING = "enter-code.again";

describeInBrowser("the time until a new code can be sent", ({ open }) => {
  let samples: SampleServer;
  before(async () => {
    samples = await startSampleServer();
  });
  after(() => samples.close());

  it("counts down, is read out at its end alone, and the button waits with it", async () => {
    const page = await open();
    await page.clock.install();
    await page.goto(samples.url(WAITING));
    const button = page.getByRole("button", { name: "Send a new code" });
    const words = page.locator("#resend-wait");
    const spoken = page.locator("#resend-ready");
    expect(await words.innerText()).to.match(/^A new code can be sent in (?:5:00|4:59)\.$/);
    expect(await button.isDisabled()).to.equal(true);
    await page.clock.runFor(60_000);
    expect(await words.innerText()).to.match(/^A new code can be sent in (?:4:00|3:59)\.$/);
    expect(await spoken.innerText()).to.equal("");
    expect(
      await words.evaluate((element) => element.closest("[aria-live], [role=status]")),
    ).to.equal(null);
    await page.clock.runFor(240_000);
    expect(await words.count()).to.equal(0);
    expect(await spoken.innerText()).to.equal("A new code can be sent now.");
    expect(await button.isDisabled()).to.equal(false);
  });

  it("is said in words without script, and the button can be pressed", async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.goto(samples.url(WAITING));
    const said = await page.locator("#resend-wait").innerText();
    expect(said).to.match(/^A new code can be sent from .+ on\.$/);
    expect(await page.getByRole("button", { name: "Send a new code" }).isEnabled()).to.equal(true);
  });
});
