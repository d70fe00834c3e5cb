/** What the processes of a release call things in the state folder. */

/** `supervisor.sock`: commands of the operator. */
export const supervisorSocket = 'supervisor';

/** `proxy.sock`: commands of the supervisor. */
export const proxySocket = 'proxy';

export const stateFile = 'state.json';
export const eventsFile = 'events.jsonl';
export const supervisorLog = 'supervisor.log';
export const proxyLog = 'proxy.log';
export const logFolder = 'logs';
