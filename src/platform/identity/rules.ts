/** The decisions of identity: who may change whom, what a key may do, and which workspace a credential is for. */

import { z } from 'zod';
import { commonPasswords } from './common-passwords.ts';
import { Problem, conflict, forbidden, invalidInput } from '../problem.ts';
import { type Role, type Scope, personScopes, scopesOfRole } from './principal.ts';

/** Characters. Eight is the least that NIST SP 800-63B allows; more than 128 would only cost hashing time. */
export const passwordLength = { min: 8, max: 128 };

/** A week: long enough for someone on leave, short enough for a link that lies in a mailbox. */
export const invitationDays = 7;

/** How long ago a token may have expired and still be renewed: a laptop that slept for a week goes on. */
export const refreshGraceSeconds = 7 * 24 * 60 * 60;

/** RFC 5321 allows 254 characters in all. The form is the one that Better Auth demands at sign-in. */
const address = z.email().max(254);

/** The form in which addresses are kept and compared. @throws Problem `invalid_input` */
export function normalEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (address.safeParse(email).success) return email;
  throw wrongField('email', 'The e-mail address is not one.', 'Give an address like ada@example.org.');
}

/**
 * Length and the guesses that everybody tries, as NIST SP 800-63B has it; no rules about kinds of characters, which make passwords
 * worse. `field` is what the input calls it.
 * @throws Problem `invalid_input`
 */
export function checkPassword(password: string, email: string, field = 'password'): void {
  const { min, max } = passwordLength;
  if (password.length < min || password.length > max)
    throw wrongField(field, `The password has ${password.length} characters.`, `Choose one with ${min} to ${max} characters.`);
  const plain = password.trim().toLowerCase();
  if (commonPasswords.has(plain) || new Set(plain).size === 1)
    throw wrongField(
      field,
      'The password is one of those that are tried first.',
      'Choose another, such as a few words that do not belong together.',
    );
  if (plain === email || plain === email.slice(0, email.indexOf('@')))
    throw wrongField(field, 'The password is the e-mail address, or a part of it.', 'Choose one that does not follow from the address.');
}

/** The details have the form in which the boundary lists what is wrong with an input. */
function wrongField(path: string, message: string, next: string): Problem {
  return invalidInput({ message, next, details: { problems: [{ path, message }], total: 1 } });
}

/** What a person is called: the given name, else the part of the address before the @. */
export function personName(email: string, name: string | undefined): string {
  return name?.trim() || email.slice(0, email.indexOf('@'));
}

export function workspaceName(person: string): string {
  return `${person}'s workspace`;
}

/** One workspace of a person, and its role there. */
export interface Membership {
  member_id: string;
  role: Role;
  workspace_id: string;
  workspace_name: string;
}

/**
 * The workspace that a credential is for: the wanted one by id or name, else the person's own, which is the oldest it owns.
 * `memberships` is ordered from the oldest; undefined: the person is not a member of it, or of any.
 */
export function chooseMembership(memberships: readonly Membership[], wanted?: string): Membership | undefined {
  if (wanted === undefined) return memberships.find(({ role }) => role === 'owner') ?? memberships[0];
  const name = wanted.toLowerCase();
  return (
    memberships.find(({ workspace_id }) => workspace_id === name) ??
    memberships.find(({ workspace_name }) => workspace_name.toLowerCase() === name)
  );
}

/** The change of a member's role (`to`), or its removal (`to` is null), as somebody wants it. */
export interface MemberChange {
  by: Role;
  /** True when the member is the caller. */
  self: boolean;
  from: Role;
  to: Role | null;
  /** How many owners the workspace has now. */
  owners: number;
}

/**
 * Owners change everyone; admins everyone but owners, and make none; anyone may leave; the last owner stays one.
 * @throws Problem `forbidden` or `conflict`
 */
export function checkMemberChange({ by, self, from, to, owners }: MemberChange): void {
  if (from === 'owner' && to !== 'owner' && owners <= 1)
    throw conflict({ message: 'A workspace needs an owner, and this is the last one.', next: 'Make another member an owner first.' });
  if (by === 'owner' || (self && to === null)) return;
  if (by !== 'admin') throw membersAreForAdmins(by);
  if (from === 'owner' || to === 'owner') throw ownersAreForOwners();
}

/** @throws Problem `forbidden` */
export function checkInvitation(by: Role, role: Role): void {
  if (by !== 'owner' && by !== 'admin') throw membersAreForAdmins(by);
  if (role === 'owner' && by !== 'owner') throw ownersAreForOwners();
}

function membersAreForAdmins(role: Role): Problem {
  return forbidden({ message: `Members are managed by owners and admins; your role is ${role}.`, next: 'Ask an owner or admin.' });
}

function ownersAreForOwners(): Problem {
  return forbidden({ message: 'Only owners make or change owners.', next: 'Ask an owner of this workspace.' });
}

/** What an agent may do now: what its credential was given, within what the person's role allows at this moment. */
export function agentScopesOf(role: Role, requested: readonly Scope[] | null): Scope[] {
  return scopesOfRole[role].filter((scope) => !personScopes.includes(scope) && (requested === null || requested.includes(scope)));
}

/**
 * A key can be asked for only with scopes that it could hold: everything else would fail at its first call.
 * @throws Problem `invalid_input` for scopes that no key holds, `forbidden` for those beyond the maker's role
 */
export function checkKeyScopes(role: Role, requested: readonly Scope[] | undefined): void {
  const never = requested?.filter((scope) => personScopes.includes(scope)) ?? [];
  if (never.length > 0)
    throw invalidInput({
      message: `A key cannot hold ${never.join(', ')}.`,
      next: 'Leave them out: keys and members are managed by people.',
    });
  const allowed = scopesOfRole[role];
  const beyond = requested?.filter((scope) => !allowed.includes(scope)) ?? [];
  if (beyond.length > 0)
    throw forbidden({
      message: `Your role ${role} does not allow ${beyond.join(', ')}.`,
      next: `Ask for some of: ${agentScopesOf(role, null).join(', ')}.`,
    });
}

/** Failed sign-ins in a row that cost nothing, and the longest wait after more. */
export interface LockPolicy {
  free: number;
  longest_seconds: number;
}

/** Of one account from one client address: a person mistypes a few times, a guesser is stopped soon. */
export const lockPerAddress: LockPolicy = { free: 5, longest_seconds: 900 };

/**
 * Of one account from anywhere: many addresses together get one guess a minute. Not longer, because whoever guesses
 * locks out the account's owner as well.
 */
export const lockPerAccount: LockPolicy = { free: 20, longest_seconds: 60 };

/** How long nobody may try after so many failures in a row: one second, then twice as long each time. */
export function lockSeconds(failures: number, { free, longest_seconds }: LockPolicy): number {
  return failures <= free ? 0 : Math.min(longest_seconds, 2 ** (failures - free - 1));
}
