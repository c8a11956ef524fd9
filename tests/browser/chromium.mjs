// Starts headless Chromium. Run as a program, it says whether Chromium starts on this machine.
import process from "node:process";
import { pathToFileURL } from "node:url";
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const LAUNCH_WITHIN_MS = 60_000;
// The package turns the check off that is tested here.
const WITHOUT_CORS = ["--disable-web-security", "--allow-running-insecure-content", "--disable-site-isolation-trials"];

export async function launch() {
  return await puppeteer.launch({
    args: chromium.args.filter((argument) => !WITHOUT_CORS.includes(argument)),
    executablePath: await chromium.executablePath(),
    headless: "shell",
    timeout: LAUNCH_WITHIN_MS,
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await (await launch()).close();
  } catch (error) {
    console.log(error.message.split("\n")[0]);
    process.exitCode = 1;
  }
}
