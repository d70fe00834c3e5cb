import { describe, expect, test } from 'vitest';
import { readClientMetadata } from './client-metadata.ts';

const at = (...redirect_uris: string[]) => ({ client_name: 'App', redirect_uris });

describe('a client', () => {
  test.each([
    'https://app.example/callback',
    'http://localhost:3118/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:9/cb?x=1',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'com.example.app:/oauth',
  ])('may be led back to %s', (uri) => {
    expect(readClientMetadata(at(uri)).redirect_uris).toEqual([uri]);
  });

  test.each([
    'http://app.example/callback',
    'http://localhost.evil.example/callback',
    'http://127.0.0.1.evil.example/',
    'http://127.0.0.1@evil.example/',
    'http://localhost@evil.example/',
    'http://0.0.0.0/callback',
    'https://user:secret@app.example/',
    'https://app.example/callback#fragment',
    'https://app.example/callback#',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    '/callback',
    '',
  ])('may not be led back to %s', (uri) => {
    expect(() => readClientMetadata(at('https://app.example/ok', uri))).toThrow(expect.objectContaining({ code: 'invalid_redirect_uri' }));
  });

  test('needs an address to be led back to, and the grant that this is for', () => {
    expect(() => readClientMetadata({ client_name: 'App' })).toThrow(expect.objectContaining({ code: 'invalid_redirect_uri' }));
    expect(() => readClientMetadata({ ...at('https://a.example/'), grant_types: ['implicit'] })).toThrow('authorization_code');
    expect(() => readClientMetadata({ ...at('https://a.example/'), response_types: ['token'] })).toThrow('code');
    expect(() => readClientMetadata('not an object')).toThrow(expect.objectContaining({ code: 'invalid_client_metadata' }));
  });

  test('has a name that cannot disturb the sentence it stands in', () => {
    const name = (client_name?: string) => readClientMetadata({ ...at('https://a.example/'), client_name }).name;
    expect(name('  Claude\u0000 Code\n')).toBe('Claude  Code');
    expect(name('\u202eedoC')).toBe('edoC');
    expect(name('x'.repeat(500))).toHaveLength(100);
    expect(name('\u200b')).toBe('An app without a name');
    expect(name()).toBe('An app without a name');
  });

  test('is linked to only over https', () => {
    const uri = (client_uri: string) => readClientMetadata({ ...at('https://a.example/'), client_uri }).uri;
    expect(uri('https://a.example/about')).toBe('https://a.example/about');
    expect(uri('javascript:alert(1)')).toBeNull();
  });
});
