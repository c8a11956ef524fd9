// The gateway that the clients call, and what the scripted model makes of what it is asked.
export const { GATEWAY_BASE_URL: baseURL, GATEWAY_API_KEY: apiKey } = process.env;
export const MODEL = "qwen.qwen3-32b-v1:0"; // gpt-oss ignores response_format on Bedrock, and so does the stand-in
export const NO_MODEL = "anthropic.claude-of-no-version";

export const HELLO = "Hello there";
export const HEARD_HELLO = "I heard: Hello there";
export const BLOCKED = "Where do I buy kryptonite?";
export const ABOUT_ALICE = "Read this: 'Alice' is 30.";
export const ALICE = { name: "Alice", age: 30 };
export const WEATHER_QUESTION = "How is the weather in 'Paris'?";
export const WEATHER = { Paris: "sunny, 21 degrees" };
export const HEARD_WEATHER = "I heard: sunny, 21 degrees";
