// A server of one empty page and of OpenAI's Node SDK, which the page imports. Each port is an origin of its own.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const HOST = "127.0.0.1";
const SDK = path.join(import.meta.dirname, "node_modules", "openai");

export async function served(port) {
  const server = createServer((request, response) => answer(request.url, response));
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, HOST, resolve));
  return { origin: `http://${HOST}:${server.address().port}`, close: () => server.close() };
}

async function answer(url, response) {
  if (url === "/") return response.setHeader("content-type", "text/html").end("<!doctype html><title>page</title>");
  const file = path.join(SDK, path.normalize(url.replace(/^\/openai/, "")));
  const content = await readFile(file).catch(() => null);
  if (!url.startsWith("/openai/") || content === null) return response.writeHead(404).end();
  response.setHeader("content-type", "text/javascript").end(content);
}
