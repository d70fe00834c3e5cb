/** The refusals of identity that more than one place gives, so that their texts cannot differ and tell something. */

import { type Problem, conflict, forbidden, invalidInput, notFound, rateLimited, unauthenticated, unavailable } from '../problem.ts';

/** Why a caller was not let in, for the operator's metrics and log alone. */
export type AuthFailure =
  'missing' | 'malformed' | 'unknown' | 'expired' | 'wrong_signature' | 'wrong_issuer' | 'wrong_audience' | 'wrong_password' | 'locked';

const failures = new WeakMap<Problem, AuthFailure>();

/** Notes the cause beside the problem, where no answer shows it. */
export function because(failure: AuthFailure, problem: Problem): Problem {
  failures.set(problem, failure);
  return problem;
}

/** True for a refusal of identity, whatever its status. */
export function isAuthFailure(problem: Problem): boolean {
  return failures.has(problem);
}

export function authFailureOf(problem: Problem): AuthFailure {
  return failures.get(problem) ?? 'unknown';
}

/** One text for unknown, malformed, expired and revoked: the difference would help only whoever guesses. */
export function unknownCredential(failure: AuthFailure = 'unknown'): Problem {
  return because(
    failure,
    unauthenticated({
      message: 'The credential is unknown, expired or revoked.',
      next: 'Sign in again with POST /api/auth/signin, or use another API key.',
    }),
  );
}

/** One text for an address that nobody has, a wrong password and a disabled account. */
export function wrongPassword(): Problem {
  return because(
    'wrong_password',
    unauthenticated({
      message: 'The e-mail address or the password is wrong.',
      next: 'Check both. Who forgot the password asks the operator for a new one: `quarterdeck user password`.',
    }),
  );
}

/** For addresses that somebody has and for those that nobody has. */
export function signInLocked(seconds: number): Problem {
  return because(
    'locked',
    rateLimited({
      message: 'There were too many attempts to sign in with this e-mail address.',
      next: `Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, then try again. The operator can set a new password at once: \`quarterdeck user password\`.`,
      details: { retry_after_seconds: seconds },
    }),
  );
}

export function wrongCurrentPassword(): Problem {
  const message = 'The current password is wrong.';
  return invalidInput({
    message,
    next: 'Check it and try again.',
    details: { problems: [{ path: 'current_password', message }], total: 1 },
  });
}

export function addressTaken(): Problem {
  return conflict({
    message: 'There is an account with this e-mail address already.',
    next: 'Sign in with it. Who forgot the password asks the operator for a new one: `quarterdeck user password`.',
  });
}

export function noSuchKey(): Problem {
  return notFound({ message: 'There is no such API key here.', next: 'Call GET /keys for the keys that you can see.' });
}

export function noSuchConnection(): Problem {
  return notFound({ message: 'There is no such connection here.', next: 'Call GET /connections for those that you can see.' });
}

export function noSuchMember(): Problem {
  return notFound({ message: 'There is no such member in this workspace.', next: 'Call GET /members for the members and their ids.' });
}

export function noSuchAccount(): Problem {
  return notFound({
    message: 'There is no account with this e-mail address.',
    next: 'Call `quarterdeck user list` for those that there are.',
  });
}

export function noSuchWorkspace(): Problem {
  return notFound({
    message: 'There is no workspace with this name or id, or this account is not a member of it.',
    next: 'Leave the workspace out to use your own, or ask one of its owners for an invitation.',
  });
}

export function alreadyMember(email: string): Problem {
  return conflict({ message: `${email} is a member of this workspace already.`, next: 'Change the role with PATCH /members/{member_id}.' });
}

export function noSuchInvitation(): Problem {
  return notFound({
    message: 'There is no such invitation for your e-mail address: it may have been used, replaced, or older than a week.',
    next: 'Sign in with the address that was invited, or ask for a new invitation.',
  });
}

export function noSuchOpenInvitation(): Problem {
  return notFound({
    message: 'There is no such open invitation in this workspace: it may have been accepted, replaced or withdrawn.',
    next: 'Call GET /invitations for those that are open, and GET /members for who has come in.',
  });
}

export function personsOnly(): Problem {
  return forbidden({ message: 'Only a person can do this, not an API key.', next: 'Sign in and use the token from there.' });
}

/** The secret is another one than when the signing keys were made: tokens that are out still hold, new ones cannot be made. */
export function cannotSign(cause: unknown): Problem {
  return unavailable({
    message: 'Tokens cannot be signed: the signing keys were encrypted with another BETTER_AUTH_SECRET.',
    next: 'The operator restores that secret; if it is lost, `quarterdeck key rotate-signing` makes new keys, and everybody signs in again.',
    cause,
  });
}
