/** Attacks on another tenant, generated from the registry: every operation, every field that can name a thing. */

import type { CompiledOperation, JsonSchema, Registry } from '../../../src/operations/types.ts';
import type { Caller } from '../../support/house.ts';

/** Everything of the victim that a field can name. Shared texts hold `VICTIM`, personal ones `PERSONAL`. */
export interface Victim {
  shared: {
    tasks: string[];
    project: string;
    key_id: string;
    connection_id: string;
    member_id: string;
    names: string[];
    invitation: string;
    invitation_id: string;
    source_id: string;
  };
  /** Ids that belong to the victim's own project; for anybody else they name nothing. */
  personal: { tasks: string[]; source_id: string; job_id: string };
}

export interface Attack {
  operation: string;
  input: Record<string, unknown>;
  /** The same call with something that does not exist; the two answers must not differ. */
  control: Record<string, unknown>;
  field: string;
  foreign: string;
  absent: string;
}

/** Fields that name a thing, and how one names the victim's. `absent` is of the same form and exists nowhere. */
export function foreignValues(
  field: string,
  { shared, personal }: Victim,
  reach: 'workspace' | 'person',
): { foreign: string[]; absent: string } | undefined {
  const uuid = '01890000-0000-7000-8000-00000000dead';
  const tasks = reach === 'workspace' ? [...shared.tasks, ...personal.tasks] : personal.tasks;
  const ofWorkspace = (foreign: string[]) => (reach === 'workspace' ? foreign : []);
  switch (field) {
    case 'task_id':
    case 'parent':
    case 'depends_on':
      return { foreign: tasks, absent: 'ZZ-99' };
    case 'project':
      return { foreign: ofWorkspace([shared.project]), absent: 'ZZ' };
    case 'key_id':
      return { foreign: ofWorkspace([shared.key_id]), absent: uuid };
    case 'connection_id':
      return { foreign: ofWorkspace([shared.connection_id]), absent: uuid };
    case 'member_id':
      return { foreign: ofWorkspace([shared.member_id]), absent: uuid };
    case 'invitation_id':
      return { foreign: ofWorkspace([shared.invitation_id]), absent: uuid };
    case 'source_id':
      return { foreign: [...ofWorkspace([shared.source_id]), personal.source_id], absent: uuid };
    case 'job_id':
      return { foreign: [personal.job_id], absent: uuid };
    case 'assignee':
      return { foreign: ofWorkspace(shared.names), absent: 'nobody-at-all' };
    case 'token':
      return { foreign: [shared.invitation], absent: 'A'.repeat(43) };
    default:
      return undefined;
  }
}

/** Fields that name nothing, each with a value for where it is required. A new field has to be put here or above. */
const harmless: Record<string, unknown> = {
  title: 'x',
  description: 'x',
  name: 'x',
  key: 'NEWKEY',
  email: 'new@example.com',
  role: 'viewer',
  priority: 'low',
  labels: [],
  label: 'x',
  due: null,
  inputs: null,
  outputs: null,
  expected_outputs: null,
  notes: 'x',
  reason: 'x',
  status: 'pending',
  ready: true,
  query: 'x',
  limit: 50,
  cursor: undefined,
  detail: 'full',
  fence: 1,
  force: true,
  lease_seconds: 60,
  expected_version: 1,
  updated_after: '2026-01-31T09:00:00Z',
  scopes: ['tasks:read'],
  toolsets: ['tasks'],
  expires_in_days: 1,
  content: 'x',
  format: 'text',
  // Looked for only among the sources of the project, or the questions of the caller.
  conversation_id: 'x',
  question: 'x',
  url: 'https://example.com/x',
  scenario_title: 'x',
  messages: [],
  author_name: 'x',
  author_type: 'x',
  timestamp: '2026-01-31T09:00:00Z',
  language: 'en',
  mode: 'append',
  kind: 'document',
  author: 'x',
  date_from: '2026-01-31T09:00:00Z',
  date_to: '2026-01-31T09:00:00Z',
  version: 1,
  start: 0,
  end: 1,
  hash: `sha256:${'0'.repeat(64)}`,
  quote: 'x',
};

/** What is always given: force opens every door that it can, without content there is nothing to take in, and a made-up id would differ each time. */
const always = new Set(['force', 'content', 'conversation_id']);

type Properties = Record<string, JsonSchema & { items?: JsonSchema }>;
const propertiesOf = (schema: JsonSchema) => (schema['properties'] ?? {}) as Properties;
const requiredOf = (schema: JsonSchema) => (schema['required'] ?? []) as string[];

/** The fields that nobody has said anything about; there must be none. */
export function unclassified(registry: Registry): string[] {
  const someone: Victim = {
    shared: {
      tasks: ['A-1'],
      project: 'A',
      key_id: 'k',
      connection_id: 'c',
      member_id: 'm',
      names: ['n'],
      invitation: 'i',
      invitation_id: 'i',
      source_id: 's',
    },
    personal: { tasks: ['ME-1'], source_id: 's', job_id: 'j' },
  };
  return registry.operations.flatMap(({ operation, input_schema }) =>
    fieldsOf(input_schema)
      .filter((field) => !(field in harmless) && foreignValues(field, someone, 'workspace') === undefined)
      .map((field) => `${operation.name}.${field}`),
  );
}

/** Fields of the input, and of the things in it and in its lists. */
export function fieldsOf(schema: JsonSchema): string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, field]) => {
    if (isListOfThings(field)) return fieldsOf(field.items ?? {});
    return isThing(field) ? fieldsOf(field) : [name];
  });
}

/** And not any JSON of the caller's own. */
function isThing(field: JsonSchema): boolean {
  return field['type'] === 'object' && Object.keys(propertiesOf(field)).length > 0;
}

function isListOfThings(field: JsonSchema & { items?: JsonSchema }): boolean {
  return field['type'] === 'array' && field.items?.['type'] === 'object';
}

/** Every way in which `attacker` can name something of the victim's. */
export function attacksOn(victim: Victim, registry: Registry, attacker: Caller, reach: 'workspace' | 'person'): Attack[] {
  return registry.allowed(attacker.principal, 'rest').flatMap((compiled) =>
    fieldsOf(compiled.input_schema).flatMap((field) => {
      const values = foreignValues(field, victim, reach);
      return (values?.foreign ?? []).map((foreign) => ({
        operation: compiled.operation.name,
        field,
        foreign,
        absent: values?.absent ?? '',
        input: inputWith(compiled.input_schema, field, foreign),
        control: inputWith(compiled.input_schema, field, values?.absent ?? ''),
      }));
    }),
  );
}

/** An input with everything that is required, and `value` in `field`. */
export function inputWith(schema: JsonSchema, field: string, value: string): Record<string, unknown> {
  const properties = propertiesOf(schema);
  const input: Record<string, unknown> = {};
  for (const name of new Set([...requiredOf(schema), ...Object.keys(properties)])) {
    const property = properties[name] ?? {};
    if (name === field) input[name] = property['type'] === 'array' ? [value] : value;
    else if (isListOfThings(property) && requiredOf(schema).includes(name)) input[name] = [inputWith(property.items ?? {}, field, value)];
    else if (isThing(property) && fieldsOf(property).includes(field)) input[name] = inputWith(property, field, value);
    else if (requiredOf(schema).includes(name)) input[name] = name in harmless ? harmless[name] : 'ZZ-98';
    else if (always.has(name)) input[name] = harmless[name];
  }
  return input;
}

/** Calls that show things without being told which. */
export function listings(registry: Registry, attacker: Caller): CompiledOperation[] {
  return registry
    .allowed(attacker.principal, 'rest')
    .filter(({ operation, input_schema }) => operation.access === 'read' && requiredOf(input_schema).length === 0);
}
