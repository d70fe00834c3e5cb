/** A passage as a search finds it, for tests of what is made of it. */

import type { Found } from '../../src/toolsets/knowledge/search.ts';

export function passageOf(text: string, more: Partial<Found> = {}): Found {
  return {
    project_id: 'p',
    number: 0,
    source_id: 's1',
    starts: 0,
    ends: Array.from(text).length,
    text,
    headings: [],
    page: null,
    authors: [],
    at: new Date(0),
    title: 'A title',
    language: 'en',
    version: 1,
    score: 1,
    ...more,
  };
}
