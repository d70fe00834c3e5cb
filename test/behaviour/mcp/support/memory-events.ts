/** Events without an outbox: told at once, to those who may see them. */

import type { Events, NewEvent, WorkspaceEvent } from '../../../../src/platform/events/types.ts';

export interface MemoryEvents extends Events {
  /** Tells of something that happened on another replica. */
  tell(workspace_id: string, event: NewEvent): void;
}

export function memoryEvents(): MemoryEvents {
  const listeners = new Set<{ workspace_id: string; user_id: string; listener: (event: WorkspaceEvent) => void }>();
  const tell = (workspace_id: string, event: NewEvent) => {
    const delivered: WorkspaceEvent = {
      cursor: '',
      workspace_id,
      owner_id: event.owner_id ?? null,
      type: event.type,
      subject: event.subject,
      resource: event.resource ?? null,
      actor: { kind: 'person', id: 'user-1', name: 'Ada' },
      data: {},
      at: new Date(),
    };
    for (const entry of listeners) {
      const sees = entry.workspace_id === workspace_id && (delivered.owner_id === null || delivered.owner_id === entry.user_id);
      if (sees) entry.listener(delivered);
    }
  };
  return {
    tell,
    write: async (scope, _actor, events) => events.forEach((event) => tell(scope.workspace_id, event)),
    wake: () => undefined,
    subscribe: async (viewer, listener) => {
      const entry = { ...viewer, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    get subscribers() {
      return listeners.size;
    },
    close: async () => undefined,
  };
}
