// OpenAI's Node SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import * as gateway from "./gateway.mjs";

const client = new OpenAI({ baseURL: gateway.baseURL, apiKey: gateway.apiKey, maxRetries: 0 });
const asked = (content, options = {}) => ({
  model: gateway.MODEL,
  messages: [{ role: "user", content }],
  ...options,
});

test("a completion has its text and its request id", async () => {
  const completion = await client.chat.completions.create(asked(gateway.HELLO));
  assert.equal(completion.choices[0].message.content, gateway.HEARD_HELLO);
  assert.ok(completion._request_id);
});

test("a stream is iterated", async () => {
  let text = "";
  for await (const chunk of await client.chat.completions.create(asked(gateway.HELLO, { stream: true }))) {
    text += chunk.choices[0].delta.content ?? "";
  }
  assert.equal(text, gateway.HEARD_HELLO);
});

test("runTools runs the tool that the model calls", async () => {
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const run = ({ city }) => gateway.WEATHER[city];
  const tool = {
    type: "function",
    function: { name: "get_weather", description: "The weather.", parameters, parse: JSON.parse, function: run },
  };
  const runner = client.chat.completions.runTools(asked(gateway.WEATHER_QUESTION, { tools: [tool] }));
  assert.equal(await runner.finalContent(), gateway.HEARD_WEATHER);
});

test("parse gives an object", async () => {
  const format = zodResponseFormat(z.object({ name: z.string(), age: z.number() }), "person");
  const completion = await client.chat.completions.parse(asked(gateway.ABOUT_ALICE, { response_format: format }));
  assert.deepEqual(completion.choices[0].message.parsed, gateway.ALICE);
});

test("Bedrock's 404 for a model is NotFoundError", async () => {
  const request = { ...asked(gateway.HELLO), model: gateway.NO_MODEL };
  await assert.rejects(client.chat.completions.create(request), OpenAI.NotFoundError);
});

test("a caller of the Responses API is told to use chat completions", async () => {
  const call = client.responses.create({ model: gateway.MODEL, input: gateway.HELLO });
  await assert.rejects(call, /Use chat completions/);
});
