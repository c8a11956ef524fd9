// OpenAI's Node SDK, with a model of each route.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import * as gateway from "./gateway.mjs";

const client = new OpenAI({ baseURL: gateway.baseURL, apiKey: gateway.apiKey, maxRetries: 0 });

for (const [route, { model, noModel }] of Object.entries(gateway.MODELS)) {
  suite(route, () => {
    const asked = (content, options = {}) => ({ model, messages: [{ role: "user", content }], ...options });

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

    for (const stream of [false, true]) {
      test(`runTools runs both calls of one answer, stream: ${stream}`, async () => {
        const parameters = { type: "object", properties: { city: { type: "string" } } };
        const run = ({ city }) => gateway.WEATHER[city];
        const tool = {
          type: "function",
          function: { name: "get_weather", description: "The weather.", parameters, parse: JSON.parse, function: run },
        };
        const request = asked(gateway.CITIES_QUESTION, { tools: [tool], stream });
        assert.equal(await client.chat.completions.runTools(request).finalContent(), gateway.HEARD_CITIES);
      });
    }

    test("parse gives an object", async () => {
      const format = zodResponseFormat(z.object({ name: z.string(), age: z.number() }), "person");
      const request = asked(gateway.ABOUT_ALICE, { response_format: format });
      const completion = await client.chat.completions.parse(request);
      assert.deepEqual(completion.choices[0].message.parsed, gateway.ALICE);
    });

    test("Bedrock's error for no model is NotFoundError", async () => {
      const request = { ...asked(gateway.HELLO), model: noModel };
      await assert.rejects(client.chat.completions.create(request), OpenAI.NotFoundError);
    });

    test("a parameter that the model cannot have is BadRequestError", async () => {
      await assert.rejects(client.chat.completions.create(asked(gateway.HELLO, { n: 2 })), OpenAI.BadRequestError);
    });
  });
}

test("an image reaches a model on the Converse route", async () => {
  const content = [
    { type: "text", text: gateway.IMAGE_QUESTION },
    { type: "image_url", image_url: { url: `data:image/png;base64,${gateway.PNG}` } },
  ];
  const request = { model: gateway.MODELS.converse.model, messages: [{ role: "user", content }] };
  const completion = await client.chat.completions.create(request);
  assert.equal(completion.choices[0].message.content, gateway.HEARD_IMAGE);
});

test("a caller of the Responses API is told to use chat completions", async () => {
  const call = client.responses.create({ model: gateway.MODELS.native.model, input: gateway.HELLO });
  await assert.rejects(call, /Use chat completions/);
});
