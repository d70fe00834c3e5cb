/** Where a PostgreSQL server is, for its own programs: in their environment, so that no password stands in a list of processes. */

/** The parameters of an address that libpq takes, and the variable of each: https://www.postgresql.org/docs/current/libpq-envars.html */
const variables: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  channel_binding: 'PGCHANNELBINDING',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
};

/** Lifts row-level security where our policies allow it: the owner is bound by them too, and would dump no row. */
const asSystem = '-c app.system=on';

export function libpqEnvironment(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  const given: Record<string, string> = {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    dbname: databaseOf(databaseUrl),
    ...Object.fromEntries(url.searchParams),
  };
  // Encryption without a look at the certificate: node-postgres has a word of its own for it.
  if (given['sslmode'] === 'no-verify') given['sslmode'] = 'require';
  const environment = Object.entries(variables).flatMap(([name, variable]): [string, string][] => {
    const value = given[name];
    return value === undefined || value === '' ? [] : [[variable, value]];
  });
  const options = [url.searchParams.get('options'), asSystem].filter((part) => part !== null).join(' ');
  return { ...Object.fromEntries(environment), PGOPTIONS: options, PGAPPNAME: 'quarterdeck backup' };
}

export function databaseOf(databaseUrl: string): string {
  return decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
}

/** The same server and user, another database. */
export function withDatabase(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  url.searchParams.delete('dbname');
  return url.href;
}
