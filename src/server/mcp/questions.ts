/** Brings an operation's question to the person and the answer back, over any replica: all that is known between the two is in a signed state. */

import {
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  createRequestStateCodec,
  inputRequired,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { hashInput } from '../../operations/idempotency.ts';
import { type Answers, type Question, QuestionAsked, digestOf } from '../../operations/question.ts';
import type { Principal } from '../../platform/identity/principal.ts';
import { declaredCapabilities } from './client.ts';

/** How long a person may think. Long enough to look something up; short enough that the answer is to the world as it was. */
const answerSeconds = 600;

/** A call in which somebody may be asked. Its state is good for this caller and these parameters alone. */
export interface AskingCall {
  principal: Principal;
  method: string;
  params: unknown;
}

export interface Questions {
  /**
   * Runs `work` with the person's answers so far. When it asks, the result is the question, for the client to show and to
   * call again with the answer. A client that cannot be asked gets what `work` does without answers.
   * @throws ProtocolError -32602 for a state that is not ours, too old, or of another call; else what `work` throws
   */
  run<Result>(
    call: AskingCall,
    context: ServerContext,
    work: (answers: Answers | undefined) => Promise<Result>,
  ): Promise<Result | InputRequiredResult>;
}

const payload = z.object({
  /** Who and what the state is bound to. */
  call: z.string(),
  /** What was asked last: the digest of the question under its key. */
  asked: z.record(z.string(), z.string()),
  /** The answers of the rounds before. */
  answers: z.record(z.string(), z.object({ question: z.string(), response: z.unknown() })),
});
type Payload = z.output<typeof payload>;

/** `key`: at least 32 bytes, the same on every replica. */
export function createQuestions(key: Uint8Array): Questions {
  const codec = createRequestStateCodec<Payload>({ key, ttlSeconds: answerSeconds });

  const readState = async (state: string, bound: string, context: ServerContext): Promise<Payload> => {
    let read: Payload;
    try {
      read = payload.parse(await codec.verify(state, context));
    } catch (error) {
      throw isExpired(error) ? badState(`it is older than ${answerSeconds / 60} minutes`) : badState('it is not what this server gave');
    }
    if (read.call !== bound) throw badState('it belongs to another call');
    return read;
  };

  const answersSoFar = async (bound: string, context: ServerContext): Promise<Answers> => {
    const state: unknown = context.mcpReq.requestState();
    if (typeof state !== 'string') return {};
    const { asked, answers } = await readState(state, bound, context);
    const responses = context.mcpReq.inputResponses ?? {};
    const answered = Object.entries(asked)
      .filter(([name]) => Object.hasOwn(responses, name))
      .map(([name, question]) => [name, { question, response: responses[name] }] as const);
    return { ...answers, ...Object.fromEntries(answered) };
  };

  const put = async (question: Question, bound: string, answers: Answers): Promise<InputRequiredResult> => {
    const { key: name, message, schema } = question;
    return inputRequired({
      inputRequests: { [name]: inputRequired.elicit({ message, requestedSchema: schema }) },
      requestState: await codec.mint({ call: bound, asked: { [name]: digestOf(question) }, answers }),
    });
  };

  return {
    run: async (call, context, work) => {
      if (!canBeAsked(context)) return work(undefined);
      const bound = bindingOf(call);
      const answers = await answersSoFar(bound, context);
      try {
        return await work(answers);
      } catch (error) {
        if (error instanceof QuestionAsked) return put(error.question, bound, answers);
        throw error;
      }
    },
  };
}

/** Only what the client declares in this very request. Clients of the 2025 revisions declare nothing here. */
function canBeAsked(context: ServerContext): boolean {
  const elicitation = declaredCapabilities(context)?.elicitation;
  // An empty object is the old way to say `form`.
  return elicitation !== undefined && (Object.keys(elicitation).length === 0 || elicitation.form !== undefined);
}

function bindingOf({ principal: { workspace_id, kind, id }, method, params }: AskingCall): string {
  return hashInput([workspace_id, kind, id, method, params]);
}

function isExpired(error: unknown): boolean {
  return error instanceof Error && error.message.includes('expired');
}

function badState(why: string): ProtocolError {
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `The requestState cannot be used: ${why}. Call again without requestState and inputResponses; the question will be asked anew.`,
    { reason: 'invalid_request_state' },
  );
}
