/** What the MCP face may cost those who read it. A change that needs more should first look for what can be said shorter. */

/** Every conversation pays for the list before its first call: for the tools of tasks and the queue some 5,000 tokens, and 1,500 for those of knowledge. */
export const listBudget = { bytes: 27_000, tokens: 6_500 };

/** Above this a description explains what the error of a wrong call says as well. */
export const toolBudget = { tokens: 600 };

/** A result stays in the context of a conversation until its end. */
export const resultBudget = { tokens: 2_000 };
