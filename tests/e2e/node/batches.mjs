// Makes batches with OpenAI's Node SDK, side by side, and prints what it saw as one line of JSON.
import OpenAI, { toFile } from "openai";

const { BASE_URL, API_KEY } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 });
const endpoint = "/v1/chat/completions";
const final = new Set(["completed", "failed", "expired", "cancelled"]);
const withinMs = 80_000;

const line = (custom_id, more = {}) => JSON.stringify({
  custom_id, method: "POST", url: endpoint,
  body: { model: "openai.gpt-oss-20b-1:0", messages: [{ role: "user", content: "number 17" }], ...more },
});

async function made(lines, more = {}) {
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join("\n")), "questions.jsonl"), purpose: "batch",
  });
  return client.batches.create({ input_file_id: file.id, endpoint, completion_window: "24h", ...more });
}

async function reached(id, isReached) {
  const until = Date.now() + withinMs;
  for (;;) {
    const batch = await client.batches.retrieve(id);
    if (isReached(batch)) return batch;
    if (Date.now() > until) throw new Error(`batch ${id} is ${batch.status}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const ended = (id) => reached(id, ({ status }) => final.has(status));

async function results(fileId) {
  if (!fileId) return [];
  const text = await (await client.files.content(fileId)).text();
  return text.split("\n").filter(Boolean).map((one) => JSON.parse(one));
}

async function whole() {
  const refused = line("refused", { standin_fault: { status: 400 } });
  const { id } = await made([line("id-0"), line("id-1"), refused], { metadata: { team: "the metadata of this batch" } });
  const batch = await ended(id);
  return {
    id, status: batch.status, metadata: batch.metadata, counts: batch.request_counts,
    expires_in_s: batch.expires_at - batch.created_at,
    output: await results(batch.output_file_id), errors: await results(batch.error_file_id),
  };
}

async function cancelled() {
  const slow = { standin_fault: { delay_s: 2 } };
  const { id } = await made(Array.from({ length: 20 }, (_, number) => line(`slow-${number}`, slow)));
  await reached(id, ({ status }) => status === "in_progress");
  const { status: at_once } = await client.batches.cancel(id);
  const batch = await ended(id);
  const output = (await results(batch.output_file_id)).length;
  return { id, at_once, status: batch.status, completed: batch.request_counts.completed, output };
}

async function failed() {
  const { id } = await made(["{", line("twice"), line("twice")]);
  const batch = await ended(id);
  return { id, errors: batch.errors.data };
}

async function refusal(call) {
  try {
    await call;
  } catch (error) {
    return [error.status, error.param ?? null];
  }
  return null;
}

async function refused(endedId) {
  const file = await client.files.create({ file: await toFile(Buffer.from(line("1")), "a.jsonl"), purpose: "batch" });
  const window = { completion_window: "24h" };
  return {
    "wrong endpoint": await refusal(
      client.batches.create({ input_file_id: file.id, endpoint: "/v1/embeddings", ...window })),
    "unknown file": await refusal(client.batches.create({ input_file_id: "file-none", endpoint, ...window })),
    "unknown batch": await refusal(client.batches.retrieve("batch_none")),
    "cancel an unknown batch": await refusal(client.batches.cancel("batch_none")),
    "cancel what has ended": await refusal(client.batches.cancel(endedId)),
  };
}

async function all(list) {
  const ids = [];
  for await (const one of list) ids.push(one.id);
  return ids;
}

const [first, second, third] = await Promise.all([whole(), cancelled(), failed()]);
const listed = await all(client.batches.list({ limit: 2 }));
const ends = await refused(first.id);
for (const id of await all(client.files.list())) await client.files.delete(id);
const left = await all(client.files.list());
console.log(JSON.stringify({ whole: first, cancelled: second, failed: third, listed, refused: ends, left }));
