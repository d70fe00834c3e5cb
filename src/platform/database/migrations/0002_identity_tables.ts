/** Better Auth's tables as its own `getMigrations` (1.7.7, with uuid keys) wrote them; frozen, like every migration that was released. */

export const betterAuthTables: readonly string[] = [
  `create schema if not exists "auth"`,
  `create table "auth"."user" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "name" text not null,
    "email" text not null unique,
    "emailVerified" boolean not null,
    "image" text,
    "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
    "updatedAt" timestamptz default CURRENT_TIMESTAMP not null,
    "operator" boolean not null,
    "disabledAt" timestamptz
  )`,
  `create table "auth"."session" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "expiresAt" timestamptz not null,
    "token" text not null unique,
    "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
    "updatedAt" timestamptz not null,
    "ipAddress" text,
    "userAgent" text,
    "userId" uuid not null references "auth"."user" ("id") on delete cascade,
    "activeOrganizationId" text
  )`,
  `create table "auth"."account" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "accountId" text not null,
    "providerId" text not null,
    "userId" uuid not null references "auth"."user" ("id") on delete cascade,
    "accessToken" text,
    "refreshToken" text,
    "idToken" text,
    "accessTokenExpiresAt" timestamptz,
    "refreshTokenExpiresAt" timestamptz,
    "scope" text,
    "password" text,
    "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
    "updatedAt" timestamptz not null
  )`,
  `create table "auth"."verification" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "identifier" text not null,
    "value" text not null,
    "expiresAt" timestamptz not null,
    "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
    "updatedAt" timestamptz default CURRENT_TIMESTAMP not null
  )`,
  `create table "auth"."jwks" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "publicKey" text not null,
    "privateKey" text not null,
    "createdAt" timestamptz not null,
    "expiresAt" timestamptz,
    "alg" text,
    "crv" text
  )`,
  `create table "auth"."organization" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "name" text not null,
    "slug" text not null unique,
    "logo" text,
    "createdAt" timestamptz not null,
    "metadata" text
  )`,
  `create table "auth"."member" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "organizationId" uuid not null references "auth"."organization" ("id") on delete cascade,
    "userId" uuid not null references "auth"."user" ("id") on delete cascade,
    "role" text not null,
    "createdAt" timestamptz not null
  )`,
  `create table "auth"."invitation" (
    "id" uuid default pg_catalog.gen_random_uuid() not null primary key,
    "organizationId" uuid not null references "auth"."organization" ("id") on delete cascade,
    "email" text not null,
    "role" text,
    "status" text not null,
    "expiresAt" timestamptz not null,
    "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
    "inviterId" uuid not null references "auth"."user" ("id") on delete cascade,
    "tokenHash" text not null unique
  )`,
  `create index "session_userId_idx" on "auth"."session" ("userId")`,
  `create index "account_userId_idx" on "auth"."account" ("userId")`,
  `create index "verification_identifier_idx" on "auth"."verification" ("identifier")`,
  `create index "member_organizationId_idx" on "auth"."member" ("organizationId")`,
  `create index "member_userId_idx" on "auth"."member" ("userId")`,
  `create index "invitation_organizationId_idx" on "auth"."invitation" ("organizationId")`,
  `create index "invitation_email_idx" on "auth"."invitation" ("email")`,
];
