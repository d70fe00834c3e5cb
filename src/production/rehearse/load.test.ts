/** The wheel of the load. */

import { expect, test } from 'vitest';
import { type Kind, spread } from './load.ts';

const kind = (name: string, share: number): Kind => ({ name, share, shoot: () => ({ method: 'GET', path: '/' }) });

test('each kind comes as often as its share, and none waits for another to be through', () => {
  const names = spread([kind('a', 3), kind('b', 2), kind('c', 1)]).map(({ name }) => name);
  expect(names).toEqual(['a', 'b', 'a', 'c', 'b', 'a']);
});
