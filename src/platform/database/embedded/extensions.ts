/** The extensions of the embedded database. They have to be given at every open, or what uses them fails. */

import type { Extensions } from '@electric-sql/pglite';

export const extensions: Extensions = {};
