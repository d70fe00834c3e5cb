/** The OpenAPI 3.1 document of the REST face, made once from the compiled operations. */

import type { z } from 'zod';
import { toJsonSchema } from '../../operations/json-schema.ts';
import type { CompiledOperation, JsonSchema, Registry } from '../../operations/types.ts';
import { problemKinds } from '../../platform/problem.ts';
import { version } from '../version.ts';
import { passwordInput, sessionOutput, signInInput, signUpInput } from './auth.ts';
import { type Components, collectComponents } from './components.ts';
import { restOperations } from './operations.ts';

type Json = Record<string, unknown>;

export function createOpenApi(registry: Registry): Json {
  const operations = restOperations(registry);
  const components = collectComponents(operations.map(({ output_schema }) => output_schema));
  const paths: Record<string, Json> = {};
  for (const compiled of operations) {
    const { method, path } = compiled.operation.http;
    (paths[path] ??= {})[method.toLowerCase()] = describeOperation(compiled, components);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Quarterdeck',
      version,
      summary: 'The shared workspace of a team of AI agents and the people they work for.',
      description: 'Most operations are also MCP tools of the same name, with the same input and output.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative, so that the page works under whichever name it was opened.
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [
      ...registry.toolsets.map(({ name, description }) => ({ name, description })),
      { name: 'sign-in', description: 'Accounts and tokens.' },
      { name: 'server', description: 'Health, version and the list of tools.' },
    ],
    paths: { ...signInPaths(), ...paths, ...serverPaths() },
    components: {
      schemas: { ...components.schemas, Error: errorSchema(), Session: toJsonSchema(sessionOutput, 'output') },
      responses: { Error: { description: 'What failed, why, and what to do next.', content: jsonContent(reference('Error')) } },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key (`qd_…`), or the token from `POST /api/auth/signin`.' },
      },
    },
  };
}

function describeOperation({ operation, toolset, input_schema, output_schema }: CompiledOperation, components: Components): Json {
  const { method, path, status = 200 } = operation.http;
  const properties = (input_schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => !inPath.includes(name)));
  const required = ((input_schema['required'] ?? []) as string[]).filter((name) => name in rest);
  const inQuery = method === 'GET' || method === 'DELETE' ? rest : {};
  const parameters = [
    ...inPath.map((name) => parameter('path', name, properties[name] ?? { type: 'string' }, true)),
    ...Object.entries(inQuery).map(([name, schema]) => parameter('query', name, schema, required.includes(name))),
    ...(operation.access === 'read' ? [] : [idempotencyKey]),
  ];
  const hasBody = method !== 'GET' && method !== 'DELETE' && Object.keys(rest).length > 0;
  const body = { type: 'object', properties: rest, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
  return {
    operationId: operation.name,
    summary: operation.title,
    description: operation.description,
    tags: [toolset],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody ? { requestBody: { required: required.length > 0, content: jsonContent(body) } } : {}),
    responses: {
      [status]: {
        description: operation.title,
        content: { ...jsonContent(components.refer(output_schema)), ...(operation.streams === undefined ? {} : eventContent) },
      },
      ...(operation.begins_job === true
        ? { 202: { description: 'It goes on as a job.', content: jsonContent(components.refer(output_schema)) } }
        : {}),
      ...(method === 'GET' ? { 304: { description: 'The version named in If-None-Match is the newest.' } } : {}),
      ...errors('401', '403', ...(inPath.length > 0 ? ['404'] : []), ...(operation.access === 'read' ? [] : ['409']), '422', '429', '503'),
    },
    'x-scope': operation.scope,
  };
}

const idempotencyKey = {
  in: 'header',
  name: 'Idempotency-Key',
  description: 'A new random text for each change; the same one again replays the answer for a day instead of changing twice.',
  schema: { type: 'string', maxLength: 255 },
};

function parameter(place: 'path' | 'query', name: string, schema: JsonSchema, required: boolean): Json {
  const { description, ...rest } = schema;
  return { in: place, name, required, ...(description === undefined ? {} : { description }), schema: rest };
}

function jsonContent(schema: unknown): Json {
  return { 'application/json': { schema } };
}

/** For `Accept: text/event-stream`. */
const eventContent: Json = {
  'text/event-stream': {
    schema: {
      type: 'string',
      description: 'Events with JSON: pieces of the answer, then done with all of it, or error. Comments in between keep the connection.',
    },
  },
};

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function errors(...statuses: string[]): Json {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: '#/components/responses/Error' }]));
}

function errorSchema(): JsonSchema {
  const error = {
    type: 'object',
    properties: {
      code: { type: 'string', description: 'Stable; branch on this.', examples: problemKinds().map(({ code }) => code) },
      message: { type: 'string', description: 'What failed, and why.' },
      retryable: { type: 'boolean', description: 'The very same call may succeed later.' },
      next: { type: 'string', description: 'What to do now.' },
      details: { type: 'object', description: 'Facts for programs.' },
    },
    required: ['code', 'message', 'retryable', 'next', 'details'],
  };
  return { type: 'object', properties: { error }, required: ['error'] };
}

function signInPaths(): Json {
  const post = (
    operationId: string,
    summary: string,
    input: z.ZodType | undefined,
    answer: Json,
    example?: Json,
    anybody = true,
  ): Json => ({
    post: {
      operationId,
      summary,
      tags: ['sign-in'],
      ...(input === undefined
        ? {}
        : {
            ...(anybody ? { security: [] } : {}),
            requestBody: { required: true, content: { 'application/json': { schema: toJsonSchema(input, 'input'), example } } },
          }),
      responses: { ...answer, ...errors('401', ...(input === undefined ? [] : ['422']), '429', '503') },
    },
  });
  const session = { description: 'A token for an hour.', content: jsonContent(reference('Session')) };
  const person = { email: 'ada@example.org', password: 'correct horse battery' };
  return {
    '/api/auth/signup': post(
      'sign_up',
      'Make an account',
      signUpInput,
      { 201: session, ...errors('403', '409') },
      { ...person, name: 'Ada' },
    ),
    '/api/auth/signin': post('sign_in', 'Sign in', signInInput, { 200: session }, person),
    '/api/auth/refresh': post('refresh', 'Renew the token that is sent as the credential', undefined, { 200: session }),
    '/api/auth/password': post(
      'change_password',
      'Change your own password, and end your other sessions',
      passwordInput,
      { 204: { description: 'The password is changed.' }, ...errors('403') },
      { current_password: person.password, new_password: 'battery horse correct' },
      false,
    ),
    '/api/auth/signout': post('sign_out', 'End the session', undefined, { 204: { description: 'The session has ended.' } }),
    '/api/auth/jwks.json': { get: open('jwks', 'The public keys that tokens are signed with', 'sign-in') },
  };
}

function serverPaths(): Json {
  const tools = open('list_tools', 'The MCP tools that this credential may use', 'server');
  const toolset = { in: 'query', name: 'toolset', schema: { type: 'array', items: { type: 'string' } } };
  return {
    '/mcp/tools': {
      get: { ...tools, security: [{ bearer: [] }], parameters: [toolset], responses: { ...okResponse, ...errors('401', '422') } },
    },
    '/health': { get: open('health', 'How the server and its parts are', 'server', '503') },
    '/health/live': { get: open('live', 'The process lives', 'server') },
    '/health/ready': { get: open('ready', 'Traffic is welcome', 'server', '503') },
    '/version': { get: open('version', 'Which version runs', 'server') },
  };
}

const okResponse = { 200: { description: 'OK', content: jsonContent({ type: 'object' }) } };

/** A call without a credential. */
function open(operationId: string, summary: string, tag: string, ...alsoAs: string[]): Json {
  const others = Object.fromEntries(alsoAs.map((status) => [status, { description: 'Not now', content: jsonContent({ type: 'object' }) }]));
  return { operationId, summary, tags: [tag], security: [], responses: { ...okResponse, ...others } };
}
