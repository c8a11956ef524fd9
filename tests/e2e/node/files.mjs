// Sends files with OpenAI's Node SDK, in every way that it has, and prints what it saw as one line of JSON.
import { createHash } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import OpenAI, { toFile } from "openai";

const { BASE_URL, API_KEY, FOLDER, LARGE_BYTES } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 });
const line = '{"custom_id":"1"}\n';
const partBytes = 4_000_000;

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const downloaded = async (id) => Buffer.from(await (await client.files.content(id)).arrayBuffer());

async function small() {
  const path = join(FOLDER, "small.jsonl");
  writeFileSync(path, line);
  const sent = [createReadStream(path), await toFile(Buffer.from(line), "to-file.jsonl"), new File([line], "file.jsonl")];
  const seen = [];
  for (const file of sent) {
    const created = await client.files.create({ file, purpose: "batch" });
    seen.push({ filename: created.filename, bytes: created.bytes, content: String(await downloaded(created.id)) });
  }
  return seen;
}

async function large() {
  const content = Buffer.alloc(Number(LARGE_BYTES));
  for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at);
  const { id } = await client.uploads.create({
    bytes: content.length, filename: "large.jsonl", mime_type: "application/jsonl", purpose: "batch",
  });
  const parts = [];
  for (let at = 0; at < content.length; at += partBytes) {
    const data = new File([content.subarray(at, at + partBytes)], basename(FOLDER));
    parts.push((await client.uploads.parts.create(id, { data })).id);
  }
  const upload = await client.uploads.complete(id, {
    part_ids: parts, md5: createHash("md5").update(content).digest("hex"),
  });
  const same = sha256(await downloaded(upload.file.id)) === sha256(content);
  return { status: upload.status, bytes: upload.file.bytes, parts: parts.length, same };
}

async function cancelled() {
  const { id } = await client.uploads.create({ bytes: 1, filename: "a", mime_type: "b", purpose: "batch" });
  return (await client.uploads.cancel(id)).status;
}

async function emptied() {
  const listed = [];
  for await (const file of client.files.list({ limit: 2 })) {
    listed.push(file.filename);
    await client.files.delete(file.id);
  }
  const left = [];
  for await (const file of client.files.list()) left.push(file.id);
  return { listed, left };
}

console.log(JSON.stringify({ small: await small(), large: await large(), cancelled: await cancelled(), ...(await emptied()) }));
