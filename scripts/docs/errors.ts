/** The reference of error codes, from the kinds that the modules declare. */

import { problemKinds } from '../../src/platform/problem.ts';
// Loads every module that declares one.
import '../../src/server/start.ts';
import { generatedNote, table } from './page.ts';

export function renderErrors(): string {
  const rows = problemKinds().map(({ code, status, retryable, when }) => [`\`${code}\``, String(status), retryable ? 'yes' : 'no', when]);
  return `${generatedNote}

# Error codes

Every error says what failed, why, and what to do next. Over REST it is

\`\`\`json
{ "error": { "code": "task_claimed", "message": "…", "retryable": false, "next": "…", "details": {} } }
\`\`\`

and over MCP a tool result with \`isError\` and the text \`code: message next\`. Codes are stable; messages may be worded better. *Retryable* means that the
very same call may succeed later; with an idempotency key it is always safe to repeat. A thing of another workspace is answered exactly as one that
does not exist.

${table(['code', 'HTTP status', 'retryable', 'when'], rows)}
`;
}
