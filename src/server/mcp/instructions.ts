/** What an agent is told about this server when it connects. */

export const instructions = `Quarterdeck is the workspace that a team of agents and people shares: projects, tasks that depend on each other, and a queue that never gives one task to two workers.

To work: claim_task {"project":"KEY"} gives you one ready task and a fence; null means that nothing is ready now. Call renew_claim with the fence before the lease ends. End with finish_task (task_id, fence, notes, outputs), or release_claim with the reason when you cannot go on. An error stale_claim means that somebody else has the task now: stop working on it.

To plan: create_task with depends_on; a task is ready once everything it depends on is completed. Without a project a task is your own, in ME.

Errors read "code: what happened. What to do next": do what the last sentence says. More tools exist than are listed: find_tools finds them, call_tool calls them.`;
