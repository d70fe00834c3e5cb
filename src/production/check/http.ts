/** `check http`: one request, and whether its answer is as it should be: status, headers, body, time. */

import { type Answer, type NoAnswer, type Question, ask, isAnswer } from './request.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

/** Something that must be true of a body; the command line says how it is written. */
export interface Assertion {
  readonly text: string;
  /** undefined: it holds; otherwise what was found instead. */
  mismatch(body: string): string | undefined;
}

export interface HttpWishes {
  /** null: any of the 2xx. */
  readonly status: number | null;
  /** Name and value; a value of `undefined` only has to be there. */
  readonly headers: readonly { readonly name: string; readonly value: string | undefined }[];
  readonly body: readonly Assertion[];
  /** undefined: any time below the time limit. */
  readonly withinMs: number | undefined;
}

export async function checkHttp(question: Question, wishes: HttpWishes): Promise<CheckResult> {
  const answer = await ask(question);
  const measured = isAnswer(answer) ? { status: answer.status, ms: Math.round(answer.ms), bytes: Buffer.byteLength(answer.body) } : {};
  return conclude('http', judgeHttp(answer, wishes), measured);
}

export function judgeHttp(answer: Answer | NoAnswer, { status, headers, body, withinMs }: HttpWishes): Judgement[] {
  const wanted = status === null ? '2xx' : String(status);
  if (!isAnswer(answer))
    return [unseen('answer', answer.why, wanted, 'Check the address, that the server runs, and that it can be reached from here.')];
  const right = status === null ? answer.status >= 200 && answer.status < 300 : answer.status === status;
  const judgements = [judged('status', answer.status, wanted, right, 'Look at the log of the server for this request.')];
  for (const { name, value } of headers) judgements.push(judgeHeader(answer, name, value));
  for (const { text, mismatch } of body) {
    const found = mismatch(answer.body);
    judgements.push(judged(`body ${text}`, found ?? 'holds', text, found === undefined, 'Compare the body with what was expected.'));
  }
  if (withinMs !== undefined)
    judgements.push(
      judged(
        'time',
        `${Math.round(answer.ms)} ms`,
        `< ${withinMs} ms`,
        answer.ms < withinMs,
        'One slow answer is no trend: measure with `quarterdeck check latency`.',
      ),
    );
  return judgements;
}

function judgeHeader({ headers }: Answer, name: string, value: string | undefined): Judgement {
  const found = headers.get(name);
  const ok = found !== null && (value === undefined || found === value);
  return judged(`header ${name}`, found, value ?? 'any value', ok, 'Look at the server, and at each proxy in between.');
}
