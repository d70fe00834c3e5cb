/** The knowledge toolset: documents and conversations, found again and cited. */

import type { Toolset } from '../../operations/operation.ts';
import { askKnowledge } from './answers/operation.ts';
import { ingestJob } from './ingest-job.ts';
import { cancelJob, getJob, listJobs } from './jobs.ts';
import { deleteSource, getSource, ingestSource, listSources, searchKnowledge, verifyCitation } from './operations.ts';

export const knowledgeToolset: Toolset = {
  name: 'knowledge',
  description: 'Documents and conversations of the workspace: take them in, find passages, ask, check citations.',
  operations: [
    ingestSource,
    searchKnowledge,
    askKnowledge,
    listSources,
    getSource,
    deleteSource,
    verifyCitation,
    getJob,
    listJobs,
    cancelJob,
  ],
  jobs: [ingestJob],
};

export { deleteOldTurns } from './answers/history.ts';
export { assertFileSize, toFileInput } from './read/file.ts';
export { deleteOldEmbeddings, embedPending } from './embed.ts';
export { keepUp } from './index-upkeep.ts';
