/** A toolset with one long operation, whose end the tests decide. */

import { z } from 'zod';
import { type Operation, defineOperation } from '../../../../src/operations/operation.ts';
import { conflict } from '../../../../src/platform/problem.ts';
import { offersOf } from '../../../../src/server/mcp/offers.ts';
import { toolsets } from '../../../../src/toolsets/index.ts';

export interface Brewing {
  gate: string;
  fail?: 'refuse' | 'bug';
  ask?: boolean;
}

export interface Kitchen {
  /** For `startServer`: ours and the kitchen. */
  instead: { toolsets: typeof toolsets; offers: typeof offersOf; questions: <Same>(ours: Same) => Same };
  /** Lets the calls that wait at this gate go on, and those that come later. */
  open(gate: string): void;
  /** The gates of the calls that were stopped. */
  stopped: string[];
}

const otherwise = conflict({ message: 'Nobody can be asked.', next: 'Pass sure.' });
const sure = { key: 'sure', message: 'Are you sure?', schema: z.object({ sure: z.boolean() }), otherwise };

export function openKitchen(): Kitchen {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const stopped: string[] = [];
  const gate = (name: string) => {
    const known = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, known);
    return known;
  };
  const brew: unknown = defineOperation({
    name: 'brew_tea',
    title: 'Test',
    description: 'For the tests of long calls.',
    access: 'write',
    scope: 'tasks:write',
    transaction: 'none',
    simple: false,
    long: true,
    input: z.strictObject({ gate: z.string(), fail: z.enum(['refuse', 'bug']).optional(), ask: z.boolean().default(false) }),
    output: z.object({ tea: z.string() }),
    http: { method: 'POST', path: '/test/brew' },
    async handler({ signal, ask, progress }, input) {
      const ended = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped.push(input.gate);
          reject(signal.reason as Error);
        });
      });
      progress(1, 2, 'The water is hot.');
      if (input.ask && !ask(sure).sure) throw conflict({ message: 'Not sure.', next: 'Think.' });
      await Promise.race([gate(input.gate).promise, ended]);
      if (input.fail === 'refuse') throw conflict({ message: 'There is no tea.', next: 'Buy some.' });
      if (input.fail === 'bug') throw new Error('select secret');
      return { tea: 'green' };
    },
  });
  const kitchen = { name: 'kitchen', description: 'Tea.', operations: [brew as Operation] };
  return {
    instead: { toolsets: [...toolsets, kitchen], offers: offersOf, questions: (ours) => ours },
    open: (name) => gate(name).resolve(),
    stopped,
  };
}
