/** The workspace toolset: who is here, and the projects. */

import type { Toolset } from '../../operations/operation.ts';
import { listConnections, revokeConnection } from './connections.ts';
import { createKey, listKeys, revokeKey, rotateKey } from './keys.ts';
import { createProject, deleteProject, listProjects, whoami } from './operations.ts';
import { acceptInvitation, inviteMember, listInvitations, listMembers, removeMember, revokeInvitation, updateMember } from './people.ts';

export const workspaceToolset: Toolset = {
  name: 'workspace',
  description: 'Who you are, the projects, the members and the API keys of the workspace.',
  operations: [
    whoami,
    listProjects,
    createProject,
    deleteProject,
    listMembers,
    inviteMember,
    listInvitations,
    revokeInvitation,
    acceptInvitation,
    updateMember,
    removeMember,
    createKey,
    listKeys,
    rotateKey,
    revokeKey,
    listConnections,
    revokeConnection,
  ],
};

export { findProject, noSuchProject, openProject, personalKey } from './projects.ts';
export { projectKey } from './schema.ts';
export { type ProjectRow, takeNumbers } from './store.ts';
