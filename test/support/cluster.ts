/** The cluster of rehearsals, for tests. */

export { type Cluster, type TestDatabase, createDatabase, query, startPostgres } from '../../src/production/rehearse/cluster.ts';
