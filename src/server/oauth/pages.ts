/** The pages of the authorization server: sign in, allow or refuse, and what went wrong. They need no script. */

import { oauthPaths } from '../../platform/identity/oauth/paths.ts';
import type { ConsentView } from '../../platform/identity/oauth/types.ts';
import type { Scope } from '../../platform/identity/principal.ts';
import { pageHeaders } from '../headers.ts';
import { Markup, html } from '../../system/page/markup.ts';

/** What a scope lets an app do, in the words of a person who never read the reference. */
const meanings: Readonly<Partial<Record<Scope, string>>> = {
  'workspace:read': 'See the workspace, its members and projects',
  'workspace:write': 'Create and delete projects',
  'tasks:read': 'Read tasks and the queue',
  'tasks:write': 'Create, change, claim, finish and delete tasks',
};

/**
 * No script, no frame around it, nothing from elsewhere. There is no `form-action`: browsers apply it to where a form's answer
 * leads as well, and the answer of this form leads to the client, which may lead on to anywhere. `same-origin` and not
 * `no-referrer`, because with the latter browsers send the form with `Origin: null`, which is nobody's page.
 */
const headers: Readonly<Record<string, string>> = {
  ...pageHeaders,
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
};

export function page(title: string, content: Markup, status = 200): Response {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Quarterdeck</title>
        <link rel="icon" href="../ui/mark.svg" />
        <link rel="stylesheet" href="../ui/tokens.css" />
        <link rel="stylesheet" href="../ui/style.css" />
        <link rel="stylesheet" href="../ui/oauth.css" />
      </head>
      <body class="sheet">
        <main class="card">
          <p class="brand"><img src="../ui/mark.svg" alt="" width="32" height="32" /><span>Quarterdeck</span></p>
          ${content}
        </main>
      </body>
    </html> `;
  return new Response(document.text, { status, headers });
}

/** `request`: the query of the authorization request, which goes on when the person is signed in. */
export function signInPage(request: string, failure?: { email: string; message: string; status: number }): Response {
  const alert = failure === undefined ? '' : html`<p class="alert" role="alert">${withCode(failure.message)}</p>`;
  // Where the person goes on: after a mistake the address is filled in already.
  const [atEmail, atPassword] = failure === undefined ? [focus, html``] : [html``, focus];
  const content = html`<h1>Sign in</h1>
    <p class="muted">An app wants to work in your workspace. Sign in first; then you decide what it may do.</p>
    ${alert}
    <form method="post" action="${href(oauthPaths.signIn)}">
      <input type="hidden" name="request" value="${request}" />
      <div class="field">
        <label for="email">E-mail</label>
        <input id="email" name="email" type="email" autocomplete="username" value="${failure?.email ?? ''}" required ${atEmail} />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required ${atPassword} />
      </div>
      <button class="primary wide" type="submit">Sign in</button>
    </form>
    <p class="hint">No account yet? <a href="../ui/" target="_blank" rel="noopener">Make one</a>, then come back to this page.</p>`;
  return page('Sign in', content, failure?.status);
}

const focus = html`autofocus`;

/** Messages have commands between backticks, as they are shown everywhere else. */
function withCode(message: string): Markup[] {
  return message.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

export function consentPage(view: ConsentView, query: string): Response {
  const { user, client, scopes, proof } = view;
  const content = html`<h1><q>${client.name}</q> asks to work for you</h1>
    ${origin(view)}
    <p class="muted">
      Signed in as <strong>${user.email}</strong> (<a href="${href(oauthPaths.signIn)}?${query}">use another account</a>).
    </p>
    ${client.loopback ? warning : ''}
    <form method="post" action="${href(oauthPaths.consent)}">
      <input type="hidden" name="request" value="${query}" />
      <input type="hidden" name="proof" value="${proof}" />
      ${workspaceField(view)}
      <h2>It will be able to</h2>
      <ul class="scopes">
        ${scopes.map((scope) => html`<li>${meanings[scope] ?? scope}</li>`)}
      </ul>
      <p class="hint">
        Never more than you may do there yourself. It acts in your name until you disconnect it, and you can do that at any time. Your
        answer is sent to <strong>${client.returns_to}</strong>.
      </p>
      <div class="answers">
        <button class="quiet" type="submit" name="answer" value="deny">Refuse</button>
        <button class="primary" type="submit" name="answer" value="allow">Allow</button>
      </div>
    </form>`;
  return page('Allow an app', content);
}

const warning = html`<p class="alert" role="note">
  This app runs on your own computer and only claims its name: any program there could ask like this. Allow it only if you started the
  sign-in yourself, just now.
</p>`;

function origin({ client }: ConsentView): Markup {
  if (client.website !== null) return html`<p class="muted">It is described by <strong>${client.website}</strong>.</p>`;
  return client.loopback ? html`` : html`<p class="muted">It registered itself, and nobody has checked its name.</p>`;
}

function workspaceField({ workspaces }: ConsentView): Markup {
  const [only, ...others] = workspaces;
  if (only !== undefined && others.length === 0)
    return html`<input type="hidden" name="workspace" value="${only.id}" />
      <p>In the workspace <strong>${only.name}</strong></p>`;
  return html`<div class="field">
    <label for="workspace">In the workspace</label>
    <select id="workspace" name="workspace">
      ${workspaces.map(({ id, name, role }) => html`<option value="${id}">${name} (you are ${role})</option>`)}
    </select>
  </div>`;
}

/** What a person can do about it; the code is for whoever wrote the client. */
const reasons: Readonly<Record<string, string>> = {
  invalid_client: 'The app is not known here, or the page that describes it could not be read.',
  client_disabled: 'The app is not accepted here any more.',
  invalid_redirect: 'The app wants the answer sent to an address that it has not registered.',
  expired: 'The page was open for too long, or the answer did not come from it.',
};

export function errorPage(code: string, status = 400): Response {
  const content = html`<h1>This sign-in cannot go on</h1>
    <p>${reasons[code] ?? 'The app sent a request that is not understood.'}</p>
    <p class="muted">
      Go back to the app and connect it again. If that does not help, tell its maker the code <code>${code.slice(0, 64)}</code>.
    </p>`;
  return page('Sign-in failed', content, status);
}

/** The pages lie beside each other, so a name is enough, also behind a proxy that adds a path. */
function href(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
