// look.mjs NODE_MODULES BROWSER PAGE FOLDER: opens the page in a headless browser, on a desk and on a phone, by day and by
// night, with and without scripts, and prints what is there to be seen as JSON. Pictures go into the folder.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, executablePath, file, folder] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "/"))("playwright-core");
const url = pathToFileURL(file).href;

// Asked of the page: what stands where.
const measure = () => {
  const tiles = [...document.querySelectorAll(".map")].flatMap((map) => {
    if (getComputedStyle(map).display === "none") return [];
    return [...map.querySelectorAll(".tile")].map((tile) => {
      const { left, top, right, bottom, width, height } = tile.getBoundingClientRect();
      const around = map.getBoundingClientRect();
      const isInside = left >= around.left - 2 && right <= around.right + 2 && top >= around.top - 2 && bottom <= around.bottom + 2;
      return { name: tile.querySelector("span").textContent, area: width * height, isInside };
    });
  });
  // The contrast of a text with what is behind it, by WCAG 2.
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = channels(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("p, td, th, dt, dd, h1, h2, h3, summary, .badge, .tile span, label, .quiet, .severity")];
  const contrasts = texts
    .filter((text) => text.textContent.trim() && text.getClientRects().length > 0)
    .map((text) => {
      const [one, other] = [channels(getComputedStyle(text).color), background(text)].map(luminance);
      return { text: text.textContent.slice(0, 40), contrast: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) };
    });
  const firsts = [...document.querySelectorAll("td:first-child")].filter((cell) => cell.getClientRects().length > 0);
  return {
    narrowest: Math.min(...firsts.map((cell) => cell.getBoundingClientRect().width)),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    height: document.documentElement.scrollHeight,
    tiles,
    palest: contrasts.reduce((least, next) => (next.contrast < least.contrast ? next : least)),
    background: getComputedStyle(document.body).backgroundColor,
    hostile: window.hostile ?? null,
  };
};

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const seen = { messages: [], requests: [], views: {} };

// It starts with an empty folder for its profile, and so does each context.
const browser = await chromium.launch({ executablePath, headless: true, args: flags });

const visit = async (options, act) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => seen.messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.messages.push(String(error)));
  page.on("dialog", (dialog) => { seen.messages.push(dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== url) seen.requests.push(request.url()); });
  await page.goto(url);
  await act(page);
  await context.close();
};

const look = (name, options) => visit(options, async (page) => {
  seen.views[name] = await page.evaluate(measure);
  // A picture of a very long page would take long.
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: seen.views[name].height < 8000 });
});

try {
  const desk = { viewport: { width: 1280, height: 900 } };
  const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true };
  await look("desk", { ...desk, colorScheme: "light" });
  await look("desk-dark", { ...desk, colorScheme: "dark" });
  await look("phone", { ...phone, colorScheme: "light" });
  await look("phone-dark", { ...phone, colorScheme: "dark" });

  await visit(desk, async (page) => {
    const map = page.locator(".map.unpacked").first();
    const tile = map.locator("a.tile").first();
    await tile.focus();
    seen.title = await tile.getAttribute("title");
    seen.focused = await page.locator(".detail").first().textContent();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("tr:target") !== null);
    seen.row = await page.locator("tr:target").isVisible();
    await page.locator("input.compressed").first().focus();
    await page.keyboard.press("Space");
    seen.compressed = await page.locator(".map.compressed").first().isVisible();
    seen.unpacked = await map.isVisible();
    const names = () => page.locator("table.sortable").last().locator("tbody td:first-child code:first-child").allTextContents();
    const header = page.locator("table.sortable").last().locator("th button").first();
    await header.click();
    await header.click();
    seen.sorted = await names();
  });

  await visit({ ...desk, javaScriptEnabled: false }, async (page) => {
    seen.plain = await page.locator(".map.unpacked").first().isVisible();
    await page.locator("label").nth(1).click();
    seen.plainCompressed = await page.locator(".map.compressed").first().isVisible();
  });
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
