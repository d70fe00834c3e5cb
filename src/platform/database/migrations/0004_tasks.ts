/** Tasks, what they depend on, and their claims. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../security.ts';
import type { Migration } from '../types.ts';

export const tasks: Migration = {
  name: '0004_tasks',

  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table tasks (
        workspace_id uuid not null,
        id uuid not null,
        project_id uuid not null,
        owner_id uuid,
        number integer not null,
        title text not null,
        description text not null default '',
        status text not null default 'pending'
          check (status in ('pending', 'in_progress', 'completed', 'cancelled', 'needs_attention')),
        priority smallint not null default 1 check (priority between 0 and 3),
        labels text[] not null default '{}',
        assignee jsonb,
        parent_id uuid,
        due timestamptz,
        inputs jsonb,
        expected_outputs jsonb,
        outputs jsonb,
        notes jsonb not null default '[]',
        open_dependencies integer not null default 0 check (open_dependencies >= 0),
        attempts integer not null default 0,
        version integer not null default 1,
        fence integer not null default 0,
        claimed_by jsonb,
        claimed_at timestamptz,
        claimed_until timestamptz,
        created_by jsonb not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        completed_at timestamptz,
        foreign key (workspace_id, project_id) references projects (workspace_id, id) on delete cascade,
        constraint tasks_claim_is_whole check ((claimed_until is null) = (claimed_by is null)),
        constraint tasks_claimed_is_in_progress check (claimed_until is null or status = 'in_progress')
      )`.execute(db);
    // While there are no statistics yet, all that could serve a lookup seem to cost the same, and PostgreSQL takes the one that was made
    // last: so the broad come first, and the keys last. See docs/decisions/0015.
    await sql`create index tasks_of_project on tasks (project_id, id desc)`.execute(db);
    await sql`create index tasks_of_parent on tasks (parent_id) where parent_id is not null`.execute(db);
    // What is claimed now is little, so the sweeper reads all of it.
    await sql`create index tasks_leases on tasks (workspace_id, project_id, claimed_until) where claimed_until is not null`.execute(db);
    // The queue reads its head from here: only what is ready is in it, in the order of claims. By an expression, so that no other index can
    // answer the same question.
    await sql`
      create index tasks_ready on tasks (
          (case when status = 'pending' and open_dependencies = 0 then project_id end), priority desc, created_at, number)
        where status = 'pending' and open_dependencies = 0`.execute(db);
    await sql`alter table tasks add constraint tasks_pkey primary key (workspace_id, id)`.execute(db);
    await sql`alter table tasks add constraint tasks_number_key unique (project_id, number)`.execute(db);
    await sql`
      alter table tasks add constraint tasks_parent_fkey
        foreign key (workspace_id, parent_id) references tasks (workspace_id, id) on delete set null (parent_id)`.execute(db);

    await sql`
      create table task_dependencies (
        workspace_id uuid not null,
        owner_id uuid,
        task_id uuid not null,
        depends_on_id uuid not null,
        satisfied boolean not null default false,
        primary key (task_id, depends_on_id),
        foreign key (workspace_id, task_id) references tasks (workspace_id, id) on delete cascade,
        foreign key (workspace_id, depends_on_id) references tasks (workspace_id, id) on delete cascade,
        check (task_id <> depends_on_id)
      )`.execute(db);
    await sql`create index task_dependents on task_dependencies (depends_on_id)`.execute(db);

    await secureTable(db, 'tasks', { owner: 'owner_id' });
    await secureTable(db, 'task_dependencies', { owner: 'owner_id' });
    await createDependencyTriggers(db);
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table task_dependencies, tasks`.execute(db);
    await sql`drop function read_satisfied(), spread_completion(), count_open_dependencies()`.execute(db);
  },
};

/**
 * `open_dependencies` is kept by triggers and not by the stores, because a shared task may block somebody's personal
 * one, which the person who completes it must not see: only inside these functions is row-level security lifted.
 * (By hand and not by a SET clause of the function, which only a superuser may give for a setting of our own.)
 * Rows are locked from the dependency to the dependent, so that a completion and a new dependency cannot miss each other.
 */
async function createDependencyTriggers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function read_satisfied() returns trigger language plpgsql as $$
    declare
      system_before text := coalesce(current_setting('app.system', true), '');
    begin
      perform set_config('app.system', 'on', true);
      select status = 'completed' into strict new.satisfied from tasks
        where workspace_id = new.workspace_id and id = new.depends_on_id for share;
      perform set_config('app.system', system_before, true);
      return new;
    end $$`.execute(db);
  await sql`
    create trigger read_satisfied before insert on task_dependencies
      for each row execute function read_satisfied()`.execute(db);

  await sql`
    create function spread_completion() returns trigger language plpgsql as $$
    declare
      system_before text := coalesce(current_setting('app.system', true), '');
      dependent uuid;
    begin
      perform set_config('app.system', 'on', true);
      -- One after the other and not by a join, whose plan would read the whole workspace while a new table has no statistics.
      for dependent in
        select task_id from task_dependencies where workspace_id = new.workspace_id and depends_on_id = new.id order by task_id
      loop
        perform 1 from tasks where workspace_id = new.workspace_id and id = dependent for update;
      end loop;
      update task_dependencies set satisfied = (new.status = 'completed')
        where workspace_id = new.workspace_id and depends_on_id = new.id;
      perform set_config('app.system', system_before, true);
      return null;
    end $$`.execute(db);
  await sql`
    create trigger spread_completion after update of status on tasks for each row
      when ((old.status = 'completed') is distinct from (new.status = 'completed'))
      execute function spread_completion()`.execute(db);

  await sql`
    create function count_open_dependencies() returns trigger language plpgsql as $$
    declare
      system_before text := coalesce(current_setting('app.system', true), '');
      -- This trigger sees one row of the table: the old one, the new one, or both.
      before integer := case when tg_op <> 'INSERT' and not old.satisfied then 1 else 0 end;
      after integer := case when tg_op <> 'DELETE' and not new.satisfied then 1 else 0 end;
      -- Variables, because behind row-level security a function call in a condition keeps the index from being used.
      its_workspace uuid := coalesce(new.workspace_id, old.workspace_id);
      its_task uuid := coalesce(new.task_id, old.task_id);
    begin
      if before <> after then
        perform set_config('app.system', 'on', true);
        update tasks set open_dependencies = open_dependencies + after - before
          where workspace_id = its_workspace and id = its_task;
        perform set_config('app.system', system_before, true);
      end if;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger count_open_dependencies after insert or update of satisfied or delete on task_dependencies
      for each row execute function count_open_dependencies()`.execute(db);
}
