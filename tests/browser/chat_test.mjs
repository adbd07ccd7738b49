// The page of examples/chat in a browser.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { ChatNode } from "./chat_node.mjs";

const { chromium } = createRequire(process.env.TROUPE_TEST_NODE_MODULES)("playwright-core");
const limit = 20_000; // milliseconds, for each thing that is waited for
const hostile = `<img src=x onerror="document.title='taken over'"><script>document.title='taken over'</script>`;

let browser, node, errors, contexts;

before(async () => {
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--disable-gpu", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
  });
});
after(() => browser?.close());

beforeEach(async () => {
  errors = [];
  contexts = [];
  node = await ChatNode.start();
});
afterEach(async () => {
  for (const each of contexts) await each.close();
  assert.equal(await node.end("SIGTERM"), 0);
});

/// A page of a browser of its own; what breaks the page's policy, or fails in its script, is in `errors`.
async function open(hash = "", options = {}) {
  const context = await browser.newContext(options);
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(limit);
  page.on("pageerror", error => errors.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" && !message.text().includes("WebSocket")) errors.push(message.text());
  });
  await page.goto(node.url + hash);
  return page;
}

async function enter(room, name, options) {
  const page = await open(`#${room}`, options);
  await page.getByLabel("Your name").fill(name);
  await page.keyboard.press("Enter");
  await connected(page);
  return page;
}

const connected = page => page.getByRole("status").filter({ hasText: /^connected$/ }).waitFor();
const line = (page, text) => page.locator("#log li").filter({ hasText: text });
const lines = page => page.locator("#log li").allTextContents();

async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

test("two pages in a room exchange messages, and one is told that the other has left", async () => {
  const ada = await enter("tea", "Ada");
  const grace = await enter("tea", "Grace");
  const other = await enter("coffee", "Joan");
  await line(ada, "Grace has come.").waitFor();
  await say(ada, "hello");
  await line(grace, "Adahello").waitFor();
  await say(grace, "good day");
  await line(ada, "Gracegood day").waitFor();
  assert.deepEqual(await ada.locator("#people li").allTextContents(), ["Ada", "Grace"]);
  await grace.close();
  await line(ada, "Grace has left.").waitFor();
  assert.deepEqual(await ada.locator("#people li").allTextContents(), ["Ada"]);
  await say(other, "alone"); // comes back behind anything that had leaked
  await line(other, "Joanalone").waitFor();
  assert.deepEqual(await lines(other), ["You are in the room.", "Joanalone"]);
  assert.deepEqual(errors, []);
});

test("hostile text and names stay text", async () => {
  const ada = await enter("tea", "Ada");
  const eve = await enter("tea", "<i onclick=x>Eve</i>");
  await say(eve, hostile);
  for (const page of [ada, eve]) {
    await line(page, hostile).waitFor();
    assert.equal(await page.locator("#log img, #log script, #log i, #people i").count(), 0);
    assert.equal(await page.title(), "tea");
  }
  assert.deepEqual(errors, []);
});

test("the policy keeps markup that got in from running anything", async () => {
  const page = await enter("tea", "Ada");
  await page.evaluate(html => { document.getElementById("log").innerHTML = html; }, hostile);
  await page.waitForFunction(() => document.querySelector("#log img").complete);
  assert.equal(await page.title(), "tea");
  assert.ok(errors.some(text => text.includes("Content Security Policy")), errors.join("\n"));
});

test("a page comes again when its node was killed and started anew", async () => {
  const ada = await enter("tea", "Ada");
  const grace = await enter("tea", "Grace");
  const { port } = node;
  await node.end("SIGKILL");
  for (const page of [ada, grace])
    await page.getByRole("status").filter({ hasText: /no connection|connecting/ }).waitFor();
  assert.equal(await ada.getByRole("button", { name: "Send" }).isDisabled(), true);
  node = await ChatNode.start(port);
  await connected(ada);
  await connected(grace);
  await say(ada, "again");
  await line(grace, "Adaagain").waitFor();
  assert.deepEqual(errors, []);
});

test("a name that is taken is refused with words, and the page waits at the door", async () => {
  await enter("tea", "Ada");
  const second = await open("#tea");
  await second.getByLabel("Your name").fill("Ada");
  await second.keyboard.press("Enter");
  await second.getByRole("alert").filter({ hasText: "somebody here has that name" }).waitFor();
  assert.equal(await second.locator("#chat").isVisible(), false);
  await second.getByLabel("Your name").fill("Grace");
  await second.keyboard.press("Enter");
  await connected(second);
  assert.deepEqual(errors, []);
});

test("the page needs no mouse and is dark where the reader wants that", async () => {
  const page = await enter("tea", "Ada", { colorScheme: "dark" });
  const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.ok(back.match(/\d+/g).every(part => Number(part) < 64), back);
  await page.keyboard.type("typed");
  await page.keyboard.press("Enter");
  await line(page, "Adatyped").waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Your name").waitFor();
  assert.equal(await page.locator("#name").evaluate(it => it === document.activeElement), true);
  assert.deepEqual(errors, []);
});
