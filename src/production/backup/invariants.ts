/** What is true of every good database of ours, whatever is in it: asked of each backup once it is restored. */

import { type Kysely, sql } from 'kysely';

interface Invariant {
  /** What it says when it is broken; the number of rows comes before it. */
  broken: string;
  /** Counts the rows that break it. */
  count: string;
}

const invariants: readonly Invariant[] = [
  {
    broken: 'tasks are claimed without ever having had a fence',
    count: `select count(*) from public.tasks where claimed_until is not null and fence < 1`,
  },
  {
    broken: 'dependencies of tasks are marked as satisfied or not against the state of the task that they are on',
    count: `select count(*) from public.task_dependencies d join public.tasks t on t.workspace_id = d.workspace_id and t.id = d.depends_on_id
      where d.satisfied <> (t.status = 'completed')`,
  },
  {
    broken: 'tasks count their open dependencies wrongly',
    count: `select count(*) from public.tasks t where t.open_dependencies <>
      (select count(*) from public.task_dependencies d where d.task_id = t.id and not d.satisfied)`,
  },
  {
    broken: 'projects would give a number to a second task',
    count: `select count(*) from public.projects p where p.next_number <= (select max(t.number) from public.tasks t where t.project_id = p.id)`,
  },
  {
    broken: 'projects belong to a workspace that is not there',
    count: `select count(*) from public.projects p where not exists (select from auth.organization o where o.id = p.workspace_id)`,
  },
  {
    broken: 'events would not be seen by any reader, because their transactions are in the future of this server',
    count: `select count(*) from public.events where xid >= pg_snapshot_xmin(pg_current_snapshot())`,
  },
  {
    broken: 'events have a number that the next ones would be given as well',
    count: `select count(*) from public.events e, public.events_id_seq s where e.id > s.last_value`,
  },
];

/** One sentence for each that is broken. The transaction must see every row: `app.system`. */
export async function brokenInvariants(db: Kysely<unknown>): Promise<string[]> {
  const keys = await foreignKeys(db);
  const broken: string[] = [];
  for (const invariant of [...keys, ...invariants]) {
    const { rows } = await sql<{ count: number }>`${sql.raw(invariant.count)}`.execute(db);
    const count = rows[0]?.count ?? 0;
    if (count > 0) broken.push(`${count} ${invariant.broken}`);
  }
  return broken;
}

interface ForeignKey {
  name: string;
  /** Both sides quoted, with their schemas. */
  from: string;
  to: string;
  /** Of columns, quoted, in pairs. */
  pairs: [string, string][];
}

/** `pg_restore` checks them as it makes them; a copy of files has them as they were. */
async function foreignKeys(db: Kysely<unknown>): Promise<Invariant[]> {
  const { rows } = await sql<ForeignKey>`
    select k.conname as name, format('%I.%I', fn.nspname, f.relname) as from, format('%I.%I', tn.nspname, t.relname) as to,
      (select json_agg(json_build_array(quote_ident(a.attname), quote_ident(b.attname)) order by pair.place)
        from unnest(k.conkey, k.confkey) with ordinality as pair (mine, its, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.mine
        join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.its) as pairs
    from pg_constraint k
      join pg_class f on f.oid = k.conrelid join pg_namespace fn on fn.oid = f.relnamespace
      join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
    where k.contype = 'f'`.execute(db);
  return rows.map(({ name, from, to, pairs }) => ({
    broken: `rows of ${from} refer to rows of ${to} that are not there (${name})`,
    count: `select count(*) from ${from} x where ${pairs.map(([mine]) => `x.${mine} is not null`).join(' and ')}
      and not exists (select from ${to} y where ${pairs.map(([mine, its]) => `y.${its} = x.${mine}`).join(' and ')})`,
  }));
}
