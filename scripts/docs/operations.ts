/** The reference of operations: what each does, its route, its tool, and its input. */

import { compileToolsets } from '../../src/operations/compile.ts';
import type { CompiledOperation, JsonSchema } from '../../src/operations/types.ts';
import { defaultTools } from '../../src/server/mcp/surface.ts';
import { toolsets } from '../../src/toolsets/index.ts';
import { generatedNote, table } from './page.ts';

export function renderOperations(): string {
  const compiled = compileToolsets(toolsets);
  const sections = toolsets.map(({ name, description }) => {
    const operations = compiled.filter((operation) => operation.toolset === name);
    return `## ${name}\n\n${description}\n\n${operations.map(section).join('\n\n')}`;
  });
  return `${generatedNote}

# Operations

Everything that the workspace can do, the same over REST and MCP: one input, one output. Every write takes an idempotency key (the header
\`Idempotency-Key\`, over MCP \`_meta["quarterdeck/idempotency_key"]\`). The outputs are in \`GET /openapi.json\`, and \`/docs\` is a page to try them.

An MCP endpoint lists ${defaultTools.length} of these tools by default, with \`find_tools\` and \`call_tool\` to reach the rest; \`/mcp?toolsets=NAME,NAME\` lists all
tools of the toolsets named. What destroys is never called through \`call_tool\`.

${sections.join('\n\n')}
`;
}

function section({ operation, input_schema }: CompiledOperation): string {
  const { name, description, access, scope, http, faces, person_only, aliases } = operation;
  const tool = faces?.includes('mcp') === false ? 'no tool' : defaultTools.includes(name) ? 'listed by default' : 'found with `find_tools`';
  const facts = [
    `\`${http.method} ${http.path}\`${http.status === 201 ? ' (201)' : ''}`,
    access,
    `scope \`${scope}\``,
    tool,
    ...(person_only === true ? ['people only'] : []),
    ...(aliases === undefined ? [] : [`also called ${aliases.map((alias) => `\`${alias}\``).join(', ')}`]),
  ];
  const fields = inputRows(input_schema);
  return `### ${name}\n\n${facts.join(' · ')}\n\n${description}${fields.length === 0 ? '' : `\n\n${table(['field', 'type', 'what it is'], fields)}`}`;
}

function inputRows(schema: JsonSchema): string[][] {
  const required = (schema['required'] ?? []) as string[];
  return Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).map(([name, field]) => [
    `\`${name}\`${required.includes(name) ? '' : '?'}`,
    typeOf(field),
    meaningOf(field),
  ]);
}

function meaningOf(field: JsonSchema): string {
  const description = typeof field['description'] === 'string' ? field['description'] : '';
  if (field['default'] === undefined) return description;
  return `${description === '' ? '' : `${description}. `}Default: \`${JSON.stringify(field['default'])}\`.`;
}

function typeOf(field: JsonSchema): string {
  if (Array.isArray(field['enum'])) return field['enum'].map((value) => `\`${String(value)}\``).join(' ');
  const type = [field['type'] ?? 'string'].flat().map(String).join(' or ');
  const limits = [
    ['minLength', 'at least', 'characters'],
    ['maxLength', 'at most', 'characters'],
    ['minimum', 'at least', ''],
    ['maximum', 'at most', ''],
    ['maxItems', 'at most', 'items'],
  ].flatMap(([key = '', words, unit]) => (typeof field[key] === 'number' ? [`${words} ${field[key]} ${unit}`.trim()] : []));
  return [type, ...limits].join(', ');
}
