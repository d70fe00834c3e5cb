/** What the MCP face may cost those who read it. A change that needs more should first look for what can be said shorter. */

/** Every conversation pays for the list before its first call. */
export const listBudget = { bytes: 20_000, tokens: 5_000 };

/** Above this a description explains what the error of a wrong call says as well. */
export const toolBudget = { tokens: 600 };

/** A result stays in the context of a conversation until its end. */
export const resultBudget = { tokens: 2_000 };
