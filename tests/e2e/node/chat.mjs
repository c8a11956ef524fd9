// Calls the gateway with OpenAI's Node SDK and prints what it saw as one line of JSON.
import OpenAI from "openai";

const { BASE_URL, API_KEY, REQUEST } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 });
const request = JSON.parse(REQUEST);
const seen = { chunks: [], requestId: null, error: null };

try {
  const { data, request_id: requestId } = await client.chat.completions.create(request).withResponse();
  seen.requestId = requestId;
  if (request.stream) {
    for await (const chunk of data) seen.chunks.push(chunk);
  } else {
    seen.chunks.push(data);
  }
} catch (error) {
  seen.error = {
    name: error.constructor.name,
    status: error.status ?? null,
    code: error.code ?? null,
    requestId: error.requestID ?? null,
    message: error.message,
  };
}
console.log(JSON.stringify(seen));
