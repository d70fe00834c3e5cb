import { expect, test } from 'vitest';
import { libpqEnvironment, withDatabase } from './address.ts';

test('an address becomes the environment of its programs, with the password nowhere else', () => {
  expect(
    libpqEnvironment('postgres://me%40x:p%2Fw@db.example:6432/my%20shop?sslmode=verify-full&options=-c%20a.b%3D1&uselibpqcompat=true'),
  ).toEqual({
    PGHOST: 'db.example',
    PGPORT: '6432',
    PGUSER: 'me@x',
    PGPASSWORD: 'p/w',
    PGDATABASE: 'my shop',
    PGSSLMODE: 'verify-full',
    PGOPTIONS: '-c a.b=1 -c app.system=on',
    PGAPPNAME: 'quarterdeck backup',
  });
});

test('a socket folder, an IPv6 address and words of node-postgres are understood', () => {
  expect(libpqEnvironment('postgres:///shop?host=/run/postgresql')).toMatchObject({ PGHOST: '/run/postgresql', PGDATABASE: 'shop' });
  expect(libpqEnvironment('postgres://[::1]/shop?sslmode=no-verify')).toMatchObject({ PGHOST: '::1', PGSSLMODE: 'require' });
});

test('another database of the same server keeps all else', () => {
  expect(withDatabase('postgres://me:pw@db/shop?sslmode=require', 'a b')).toBe('postgres://me:pw@db/a%20b?sslmode=require');
});
