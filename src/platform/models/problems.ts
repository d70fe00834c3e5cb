/** What can be wrong with a call of a model, as callers are told. */

import { defineProblem } from '../problem.ts';

export const modelUnavailable = defineProblem({
  code: 'model_unavailable',
  status: 503,
  retryable: true,
  when: 'The chat or embedding model did not answer, failed, has reached its rate limit, or has failed so often that it is not called for a while. `details.retry_after_seconds` says when to try again, where that is known.',
});

export const modelFailed = defineProblem({
  code: 'model_failed',
  status: 502,
  retryable: false,
  when: 'The chat or embedding model refused the call, because of its key, its name or the input, or gave an answer that cannot be used.',
});

export const modelInputTooLong = defineProblem({
  code: 'model_input_too_long',
  status: 422,
  retryable: false,
  when: 'The text is longer than the model takes, or than `QUARTERDECK_CHAT_MAX_INPUT_TOKENS` or `QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS` allow.',
});
