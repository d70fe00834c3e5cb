/** How many tokens a text is, by estimate. */

/**
 * UTF-8 bytes a token. English has 4 to 5, code and German about 3.5, Chinese and emoji about 3 in the tokenizers of today: with 3, a text that is
 * within the budget by this count is so by the model's. Each model counts with a tokenizer of its own, which a compatible server does not tell.
 */
const bytesPerToken = 3;

/** Rarely less than the model counts, and for plain English a third more. Random digits and letters are more tokens than this says. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}
