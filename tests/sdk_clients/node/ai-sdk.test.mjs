// The AI SDK, with OpenAI's provider and with the one for compatible servers, and with a model of each route.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import * as gateway from "./gateway.mjs";

const settings = { baseURL: gateway.baseURL, apiKey: gateway.apiKey };
const openai = createOpenAI(settings);
const compatible = createOpenAICompatible({
  ...settings,
  name: "gateway",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const providers = { openai: (model) => openai.chat(model), "openai-compatible": (model) => compatible(model) };

const suites = Object.entries(providers).flatMap(([name, chat]) =>
  Object.entries(gateway.MODELS).map(([route, models]) => ({ name: `${name}, ${route}`, chat, ...models })),
);

for (const { name, chat, model, noModel } of suites) {
  suite(name, () => {
    const ask = (prompt, options = {}) => ({ model: chat(model), prompt, maxRetries: 0, ...options });

    test("a completion has its text", async () => {
      assert.equal((await generateText(ask(gateway.HELLO))).text, gateway.HEARD_HELLO);
    });

    test("a stream has its text and its usage", async () => {
      const stream = streamText(ask(gateway.HELLO));
      assert.equal(await stream.text, gateway.HEARD_HELLO);
      assert.ok((await stream.usage).totalTokens > 0);
    });

    test("a blocked stream ends by the content filter", async () => {
      assert.equal(await streamText(ask(gateway.BLOCKED)).finishReason, "content-filter");
    });

    test("the tool that the model calls is run", async () => {
      const weather = tool({
        description: "The weather.",
        inputSchema: z.object({ city: z.string() }),
        execute: async ({ city }) => gateway.WEATHER[city],
      });
      const options = { tools: { weather }, stopWhen: stepCountIs(3) };
      assert.equal((await generateText(ask(gateway.WEATHER_QUESTION, options))).text, gateway.HEARD_WEATHER);
    });

    test("an output schema gives an object", async () => {
      const output = Output.object({ schema: z.object({ name: z.string(), age: z.number() }) });
      assert.deepEqual((await generateText(ask(gateway.ABOUT_ALICE, { output }))).output, gateway.ALICE);
    });

    test("Bedrock's error for no model is APICallError", async () => {
      const call = generateText({ ...ask(gateway.HELLO), model: chat(noModel) });
      await assert.rejects(call, (error) => APICallError.isInstance(error) && error.statusCode === 404);
    });
  });
}

test("openai(model) without .chat calls the Responses API, and is told so", async () => {
  const call = generateText({ model: openai(gateway.MODELS.native.model), prompt: gateway.HELLO, maxRetries: 0 });
  await assert.rejects(call, /Use chat completions/);
});
