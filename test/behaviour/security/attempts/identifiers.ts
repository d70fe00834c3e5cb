/** Attempts to reach what is another's, by each id of each operation: read from the definitions, so that none is forgotten. */

import { compileToolsets } from '../../../../src/operations/compile.ts';
import { toolsets } from '../../../../src/toolsets/index.ts';
import { callOperation } from '../../../support/operation-call.ts';
import { fieldsOf, foreignValues, inputWith } from '../../isolation/attacks.ts';
import type { Stage } from '../stage.ts';
import { type Attempt, outcomeOf } from '../table.ts';

/** A person who is named and is not there is a mistake in the input, not a thing that is missing. */
function expected(operation: string, field: string): string {
  if (asking.has(operation) && field === 'source_id') return '200';
  return field === 'assignee' ? '422 invalid_input' : '404 not_found';
}

/** Operations that answer about things that are not there: they found nothing. */
const asking = new Set(['search_knowledge', 'ask_knowledge', 'verify_citation']);

/** Everything of an answer but how long it took. */
const comparable = (body: unknown) => JSON.stringify(body, (key, value: unknown) => (key === 'execution_ms' ? undefined : value));

export function identifierAttempts(stage: () => Stage): Attempt[] {
  return compileToolsets(toolsets).flatMap(({ operation, input_schema }) => {
    const required = (input_schema['required'] ?? []) as string[];
    return fieldsOf(input_schema)
      .filter((field) => foreignValues(field, anybody, 'workspace') !== undefined)
      .map((field) => ({
        attempt: `${operation.name} with ${field} of another workspace`,
        expected: expected(operation.name, field),
        run: async () => {
          const { foreign, absent } = foreignValues(field, stage().victim, 'workspace') ?? { foreign: [], absent: '' };
          const outcomes: string[] = [];
          const { agent, person } = stage().eve;
          const { body } = await agent.post<{ task: { id: string } }>('/tasks', { title: 'Of Eve' });
          // The rest is in order, so that only the foreign name can be why it is refused.
          const own = field === 'task_id' || !required.includes('task_id') ? {} : { task_id: body.task.id };
          for (const name of foreign) {
            const call = (value: string) => callOperation(person, operation, { ...inputWith(input_schema, field, value), ...own });
            const [real, none] = [await call(name), await call(absent)];
            const same = comparable(none.body).replaceAll(absent, name) === comparable(real.body);
            outcomes.push(same ? outcomeOf(real) : `tells apart: ${JSON.stringify(real.body)}`);
          }
          return [...new Set(outcomes)].join(', ');
        },
      }));
  });
}

/** Only to see which fields name something. */
const anybody = {
  shared: {
    tasks: [],
    project: '',
    key_id: '',
    connection_id: '',
    member_id: '',
    names: [],
    invitation: '',
    invitation_id: '',
    source_id: '',
  },
  personal: { tasks: [], source_id: '', job_id: '' },
};
