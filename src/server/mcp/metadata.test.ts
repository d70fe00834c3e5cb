import { expect, test } from 'vitest';
import { bearerChallenge, protectedResourceMetadata } from './metadata.ts';

const issuer = 'https://deck.example.com';

test('the metadata names the endpoint, who signs in, and how the token is sent', () => {
  expect(protectedResourceMetadata(issuer, ['tasks:read', 'tasks:write'])).toEqual({
    resource: 'https://deck.example.com/mcp',
    authorization_servers: ['https://deck.example.com'],
    scopes_supported: ['tasks:read', 'tasks:write'],
    bearer_methods_supported: ['header'],
    resource_name: 'Quarterdeck',
  });
});

test('a challenge leads to the metadata, and names an error only when there was a credential', () => {
  const metadata = 'resource_metadata="https://deck.example.com/.well-known/oauth-protected-resource/mcp"';
  expect(bearerChallenge({ issuer, scopes: ['tasks:read', 'tasks:write'] })).toBe(`Bearer ${metadata}, scope="tasks:read tasks:write"`);
  expect(bearerChallenge({ issuer, scopes: [], error: 'invalid_token', description: 'Expired "now" – use\nanother' })).toBe(
    `Bearer error="invalid_token", error_description="Expired 'now' ? use?another", ${metadata}`,
  );
});
