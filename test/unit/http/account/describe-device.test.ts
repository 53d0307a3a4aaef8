import { expect } from "chai";
import { describeDevice, describePlace } from "../../../../src/http/account/describe-device.js";
import { translators } from "../../../support/translators.js";

describe("describeDevice", () => {
  const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
  const chromium = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
  for (const [userAgent, device] of [
    ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"],
    [`${windows} ${chromium}`, "Chrome on Windows"],
    [`${windows} ${chromium} Edg/142.0.0.0`, "Edge on Windows"],
    [`${windows} ${chromium} OPR/120.0.0.0`, "Opera on Windows"],
    [`Mozilla/5.0 (Linux; Android 16; Pixel 9) ${chromium}`, "Chrome on Android"],
    [
      "Mozilla/5.0 (Linux; Android 16; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
      "Samsung Internet on Android",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
      "Safari on Mac",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
      "Chrome on iPhone",
    ],
    [`Mozilla/5.0 (X11; CrOS x86_64 16181.0.0) ${chromium}`, "Chrome on ChromeOS"],
    ["curl/8.14.1", "Unknown device"],
    ["", "Unknown device"],
    [undefined, "Unknown device"],
  ] as const) {
    it(`calls ${JSON.stringify(userAgent?.slice(0, 40))}… ${device}`, () => {
      expect(translators.englishOf(describeDevice(userAgent))).to.equal(device);
    });
  }
});

describe("describePlace", () => {
  for (const [network, place] of [
    ["203.0.113.0/24", "Network 203.0.113.x"],
    ["100.0.110.0/24", "Network 100.0.110.x"],
    ["192.168.10.0/24", "Local network (192.168.10.x)"],
    ["10.0.0.0/24", "Local network (10.0.0.x)"],
    ["172.16.3.0/24", "Local network (172.16.3.x)"],
    ["172.32.3.0/24", "Network 172.32.3.x"],
    ["2001:db8:1::/48", "Network 2001:db8:1:…"],
    ["fd12:3456:789a::/48", "Local network (fd12:3456:789a:…)"],
    ["0:0:0::/48", "Local network (0:0:0:…)"],
    [undefined, "Unknown network"],
  ] as const) {
    it(`calls ${network} ${place}`, () => {
      expect(translators.englishOf(describePlace(network))).to.equal(place);
    });
  }
});
