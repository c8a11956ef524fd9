// The gateway that the clients call, and what the scripted model makes of what it is asked.
export const { GATEWAY_BASE_URL: baseURL, GATEWAY_API_KEY: apiKey } = process.env;
// A model of each route, and an id that is no model. gpt-oss ignores response_format on Bedrock, and so does the stand-in.
export const MODELS = {
  native: { model: "qwen.qwen3-32b-v1:0", noModel: "qwen.of-no-version" },
  converse: { model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", noModel: "anthropic.of-no-version" },
};

export const HELLO = "Hello there";
export const HEARD_HELLO = "I heard: Hello there";
export const BLOCKED = "Where do I buy kryptonite?";
export const ABOUT_ALICE = "Read this: 'Alice' is 30.";
export const ALICE = { name: "Alice", age: 30 };
export const WEATHER_QUESTION = "How is the weather in 'Paris'?";
export const WEATHER = { Paris: "sunny, 21 degrees", Rome: "rain, 12 degrees" };
export const HEARD_WEATHER = "I heard: sunny, 21 degrees";
// The scripted model calls the tool for each city, and repeats the results in the order of its calls.
export const CITIES_QUESTION = "How is the weather in 'Paris' and in 'Rome'?";
export const HEARD_CITIES = "I heard: sunny, 21 degrees\nrain, 12 degrees";
// A picture of one pixel. The stand-in shows it to the scripted model as a line of text.
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==";
export const IMAGE_QUESTION = "What is this?";
export const HEARD_IMAGE = "I heard: What is this?\n(An image: png.)";
