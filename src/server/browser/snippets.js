/** What to paste into each well-known client so that it reaches this server with a key. */

/** @typedef {{ id: string, name: string, hint: string, text: (address: string, key: string) => string }} Client */

/** @type {readonly Client[]} */
export const clients = [
  {
    id: 'claude-code',
    name: 'Claude Code',
    hint: 'Run in a terminal',
    text: (address, key) => `claude mcp add --transport http quarterdeck ${address}mcp --header "Authorization: Bearer ${key}"`,
  },
  {
    id: 'cursor',
    name: 'Cursor',
    hint: '~/.cursor/mcp.json',
    text: (address, key) => json({ mcpServers: { quarterdeck: { url: `${address}mcp`, headers: { Authorization: `Bearer ${key}` } } } }),
  },
  {
    id: 'vscode',
    name: 'VS Code',
    hint: '.vscode/mcp.json',
    text: (address, key) =>
      json({ servers: { quarterdeck: { type: 'http', url: `${address}mcp`, headers: { Authorization: `Bearer ${key}` } } } }),
  },
  {
    id: 'curl',
    name: 'curl',
    hint: 'Adds a task to this queue',
    text: (address, key) =>
      [
        `curl ${address}tasks`,
        `-H "Authorization: Bearer ${key}"`,
        `-H "Content-Type: application/json"`,
        `-d '{"title": "Say hello to the deck"}'`,
      ].join(' \\\n  '),
  },
];

/** @param {object} value */
const json = (value) => JSON.stringify(value, null, 2);
