import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, client, startTestServer } from '../../support/server.ts';

interface Described {
  operationId: string;
  tags: string[];
  parameters?: { in: string; name: string; required?: boolean }[];
  requestBody?: { content: { 'application/json': { schema: { properties: object; additionalProperties: boolean } } } };
  responses: Record<string, unknown>;
}

interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, { properties: object }> };
}

let server: TestServer;
let document: Document;

beforeAll(async () => {
  server = await startTestServer();
  document = (await client(server.url).get<Document>('/openapi.json')).body;
});

afterAll(() => server.close());

const described = () => Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(await new Validator().validate({ ...structuredClone(document) })).toEqual({ valid: true });
  });

  it('has every operation of REST once, under its name and toolset', () => {
    const { registry } = server;
    const expected = registry.operations.filter(({ operation }) => registry.find(operation.name, 'rest') !== undefined);
    for (const { operation, toolset } of expected) {
      const entry = document.paths[operation.http.path]?.[operation.http.method.toLowerCase()];
      expect(entry).toMatchObject({ operationId: operation.name, tags: [toolset] });
    }
    const names = described().map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has the sign-in, health and version', () => {
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/auth/signup', '/api/auth/signin', '/api/auth/refresh', '/health', '/version']),
    );
  });

  it('puts each field in one place: path, query or body', () => {
    const entry = document.paths['/tasks/{task_id}']?.['patch'];
    expect(entry?.parameters).toContainEqual(expect.objectContaining({ in: 'path', name: 'task_id', required: true }));
    const body = entry?.requestBody?.content['application/json'].schema;
    expect(body?.properties).toHaveProperty('title');
    expect(body?.properties).not.toHaveProperty('task_id');
    expect(body?.additionalProperties).toBe(false);
    expect(document.paths['/tasks']?.['get']?.parameters).toContainEqual(expect.objectContaining({ in: 'query', name: 'status' }));
  });

  it('names shared things once', () => {
    const { schemas } = document.components;
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(['Task', 'Actor', 'Error', 'Session']));
    expect(Object.keys(schemas).filter((name) => /\d$/.test(name))).toEqual([]);
    expect(schemas['Task']?.properties).toHaveProperty('blocked_by');
    const answer = JSON.stringify(document.paths['/tasks/{task_id}']?.['get']?.responses['200']);
    expect(answer).toContain('#/components/schemas/Task');
  });

  it('says how every call can fail', () => {
    const { registry } = server;
    for (const { operation } of registry.operations) {
      const entry = document.paths[operation.http.path]?.[operation.http.method.toLowerCase()];
      if (entry !== undefined) expect(Object.keys(entry.responses)).toEqual(expect.arrayContaining(['401', '403', '422', '503']));
    }
  });
});
