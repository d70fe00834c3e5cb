/** The extensions of the embedded database. They have to be given at every open, or what uses them fails. */

import type { Extensions } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';

export const extensions: Extensions = { vector };
