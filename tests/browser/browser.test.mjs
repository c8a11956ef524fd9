// A page in Chromium calls the gateway with OpenAI's Node SDK: from an origin that the environment lists, and from another.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, suite, test } from "node:test";
import { launch } from "./chromium.mjs";
import { served } from "./pages.mjs";

const { GATEWAY_BASE_URL, GATEWAY_API_KEY, PAGE_PORT } = process.env;
const REQUEST = { model: "openai.gpt-oss-20b-1:0", messages: [{ role: "user", content: "Hello" }] };
const HEARD = "echo: Hello";

let browser, listed, other;

before(async () => {
  [browser, listed, other] = await Promise.all([launch(), served(Number(PAGE_PORT)), served(0)]);
});

after(async () => {
  await browser?.close();
  listed?.close();
  other?.close();
});

// What a page of the origin saw: the text, the request id, or the error.
async function seen(origin, request, apiKey = GATEWAY_API_KEY) {
  const page = await browser.newPage();
  await page.goto(`${origin}/`);
  const found = await page.evaluate(asked, { request, options: { baseURL: GATEWAY_BASE_URL, apiKey } });
  await page.close();
  return found;
}

// Runs in the page.
async function asked({ request, options }) {
  const { default: OpenAI } = await import("/openai/index.mjs");
  const client = new OpenAI({ ...options, maxRetries: 0, dangerouslyAllowBrowser: true });
  try {
    const { data, request_id: requestId } = await client.chat.completions.create(request).withResponse();
    if (!request.stream) return { text: data.choices[0].message.content, requestId };
    let text = "";
    for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? "";
    return { text, requestId };
  } catch (error) {
    const { status = null, code = null, requestID: requestId = null } = error;
    return { error: error.constructor.name, status, code, requestId };
  }
}

suite("a page of a listed origin", () => {
  for (const stream of [false, true]) {
    test(`gets an answer and its request id, stream: ${stream}`, async () => {
      const { text, requestId } = await seen(listed.origin, { ...REQUEST, stream });
      assert.equal(text, HEARD);
      assert.ok(requestId);
    });
  }

  test("reads the gateway's error", async () => {
    const { status, code, requestId } = await seen(listed.origin, { model: REQUEST.model });
    assert.deepEqual([status, code], [400, "missing_required_parameter"]);
    assert.ok(requestId);
  });

  test("reads API Gateway's own error", async () => {
    const { status, code, requestId } = await seen(listed.origin, REQUEST, "not-a-key");
    assert.deepEqual([status, code], [401, "invalid_api_key"]);
    assert.ok(requestId);
  });

  test("reads other resources", async () => {
    const page = await browser.newPage();
    await page.goto(`${listed.origin}/`);
    const ids = await page.evaluate(
      async (options) => {
        const { default: OpenAI } = await import("/openai/index.mjs");
        const client = new OpenAI({ ...options, maxRetries: 0, dangerouslyAllowBrowser: true });
        return (await client.models.list()).data.map((model) => model.id);
      },
      { baseURL: GATEWAY_BASE_URL, apiKey: GATEWAY_API_KEY },
    );
    assert.ok(Array.isArray(ids));
  });
});

suite("a page of another origin", () => {
  for (const stream of [false, true]) {
    test(`reads no answer, stream: ${stream}`, async () => {
      const found = await seen(other.origin, { ...REQUEST, stream });
      assert.deepEqual(found, { error: "APIConnectionError", status: null, code: null, requestId: null });
    });
  }

  test("reads no error of the gateway", async () => {
    assert.equal((await seen(other.origin, { model: REQUEST.model })).status, null);
  });
});
