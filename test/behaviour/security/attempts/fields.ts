/** Attempts to make text do something, in each field of text of each operation: read from the definitions, so that none is forgotten. */

import { compileToolsets } from '../../../../src/operations/compile.ts';
import type { CompiledOperation, JsonSchema } from '../../../../src/operations/types.ts';
import { toolsets } from '../../../../src/toolsets/index.ts';
import { callOperation } from '../../../support/operation-call.ts';
import type { Answer } from '../../../support/server.ts';
import type { Stage } from '../stage.ts';
import { type Attempt, outcomeOf } from '../table.ts';

/** SQL, markup, templates of five languages, a shell command that is also a path. The shortest field takes 50 characters. */
const texts = [
  `'); drop table tasks; --`,
  `"><img src=x onerror=alert(1)>`,
  '${7*7} {{7*7}} <%= 7*7 %> #{7*7} $(id)',
  '../../etc/passwd; rm -rf /',
] as const;
/** PostgreSQL cannot keep it, and C ends at it. */
const zero = 'a\u0000b';
const refused = '422 invalid_input';

/** Free texts that are not kept but looked up or compared: what comes of one that names nothing. Every other one must be kept as it came. */
const lookedUp: Readonly<Record<string, string>> = {
  cursor: refused,
  assignee: refused,
  token: '404 not_found',
  label: '200 with nothing',
  query: '200 with nothing',
  'filters.author': '200 with nothing',
  quote: '200 as {"status":"gone","version":null,"text":null,"found":null}',
};

/** Free texts that are kept and that the answer does not show. */
const notShown = new Set(['messages[].author_type']);

interface Field {
  operation: CompiledOperation;
  /** `title`, `labels[]`, `tasks[].title`. */
  path: string;
  /** It has a form, and none of the texts has it. */
  hasForm: boolean;
  /** An object of the caller's own. */
  isObject: boolean;
}

export function fieldAttempts(stage: () => Stage): Attempt[] {
  const fields = compileToolsets(toolsets).flatMap((operation) => fieldsIn(operation, operation.input_schema));
  return fields.map((field) => ({
    attempt: `SQL, markup, templates, paths and U+0000 as ${field.operation.operation.name}.${field.path}`,
    expected: expectedOf(field),
    run: async () => {
      const outcomes: string[] = [];
      for (const text of [...texts, zero]) outcomes.push(await tryText(stage(), field, text));
      return [...new Set(outcomes)].join(', ');
    },
  }));
}

function expectedOf({ operation, path, hasForm }: Field): string {
  if (hasForm) return refused;
  const found = lookedUp[path];
  if (found === refused) return refused;
  const kept = notShown.has(path) ? 'not shown' : 'as text';
  return `${found ?? `${operation.operation.http.status ?? 200} ${kept}`}, ${refused}`;
}

async function tryText(stage: Stage, field: Field, given: string): Promise<string> {
  // What is looked up must not find what an attempt before this one has kept.
  const text = field.path in lookedUp ? `${given} none` : given;
  const { operation } = field.operation;
  const value = field.isObject ? { [text]: text } : text;
  const input = await inputFor(stage, field, value);
  const answer = await callOperation(stage.eve.person, operation, input);
  if (answer.status >= 300) return outcomeOf(answer);
  return `${answer.status} ${notShown.has(field.path) ? 'not shown' : whatBecameOf(answer, text)}`;
}

/** Kept somewhere in an answer that no browser takes for a page. */
function whatBecameOf({ headers, body }: Answer<Record<string, unknown>>, text: string): string {
  const type = headers.get('content-type');
  if (type?.startsWith('application/json') !== true || headers.get('x-content-type-options') !== 'nosniff') return `as ${type}`;
  if (JSON.stringify(body).includes(JSON.stringify(text).slice(1, -1))) return 'as text';
  return Array.isArray(body['items']) && body['items'].length === 0 ? 'with nothing' : `as ${JSON.stringify(body)}`;
}

/** All fields of text below `schema`. */
function fieldsIn(operation: CompiledOperation, schema: JsonSchema, path = ''): Field[] {
  const types = [schema['type']].flat();
  const branches = (schema['anyOf'] ?? []) as JsonSchema[];
  if (branches.length > 0) {
    const found = branches.flatMap((branch) => fieldsIn(operation, branch, path));
    const [first] = found;
    return first === undefined ? [] : [{ ...first, hasForm: found.every(({ hasForm }) => hasForm) }];
  }
  if (types.includes('string')) {
    const hasForm = ['enum', 'format', 'pattern'].some((keyword) => keyword in schema);
    return [{ operation, path, hasForm, isObject: false }];
  }
  if (types.includes('array')) return fieldsIn(operation, (schema['items'] ?? {}) as JsonSchema, `${path}[]`);
  if (!types.includes('object')) return [];
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined;
  if (properties === undefined) return [{ operation, path, hasForm: false, isObject: true }];
  const prefix = path === '' ? '' : `${path}.`;
  return Object.entries(properties).flatMap(([name, property]) => fieldsIn(operation, property, `${prefix}${name}`));
}

let projects = 0;

/** An input of Eve's that is good in everything but this field. */
async function inputFor(stage: Stage, { operation: { operation, input_schema }, path, hasForm }: Field, value: unknown) {
  const required = (input_schema['required'] ?? []) as string[];
  const input: Record<string, unknown> = {};
  // What has a form is refused by it before anything else is looked at.
  if (!hasForm && required.includes('task_id')) input['task_id'] = await newTask(stage);
  if (required.includes('fence')) input['fence'] = hasForm ? 1 : await claim(stage, String(input['task_id']));
  const others: Record<string, unknown> = {
    title: 'x',
    name: 'x',
    key: `P${(projects += 1)}`,
    email: 'somebody@example.com',
    role: 'viewer',
    task_id: 'ME-1',
    member_id: crypto.randomUUID(),
    tasks: [{ title: 'x' }],
    source_id: crypto.randomUUID(),
    job_id: crypto.randomUUID(),
    version: 1,
    start: 0,
    end: 1,
    hash: `sha256:${'0'.repeat(64)}`,
    query: 'x',
    question: 'x',
  };
  // Different each time: the same again would be what is there already.
  const content = `What is taken in: ${crypto.randomUUID()}`;
  if (path.startsWith('messages')) input['messages'] = [{ content }];
  else if (operation.name === 'ingest_source') input['content'] = content;
  // What other attempts have taken in must not be found.
  if (operation.name === 'search_knowledge' && !path.startsWith('filters')) input['filters'] = { source_id: crypto.randomUUID() };
  for (const name of required) input[name] ??= others[name];
  place(input, path.split('.'), value);
  // Every operation can be tried: what is required and unknown here would be a mistake in this list.
  const unknown = required.filter((name) => input[name] === undefined);
  if (unknown.length > 0) throw new Error(`${operation.name} needs ${unknown.join(', ')}: say above what is a good value`);
  return input;
}

/** `labels[]` is a list with the value, `tasks[].title` a field of the first of a list. */
function place(target: Record<string, unknown>, [step = '', ...rest]: string[], value: unknown): void {
  const name = step.replace('[]', '');
  const isList = name !== step;
  if (rest.length === 0) {
    target[name] = isList ? [value] : value;
    return;
  }
  const [first] = isList ? ((target[name] ?? [{}]) as Record<string, unknown>[]) : [(target[name] ?? {}) as Record<string, unknown>];
  const inner = { ...first };
  place(inner, rest, value);
  target[name] = isList ? [inner] : inner;
}

async function newTask({ eve }: Stage): Promise<string> {
  const { body } = await eve.agent.post<{ task: { id: string } }>('/tasks', { title: 'To be changed' });
  return body.task.id;
}

async function claim({ eve }: Stage, task_id: string): Promise<number> {
  const { body } = await eve.agent.post<{ claim: { fence: number } }>('/queue/claim', { task_id });
  return body.claim.fence;
}
