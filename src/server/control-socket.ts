/** What the server and those who find it through its data folder agree on. */

/** Of the socket in the data folder: `control.sock`. */
export const controlSocket = 'control';

/** The value of `Upgrade` with which a connection becomes the standard streams of an MCP client. */
export const stdioProtocol = 'quarterdeck-mcp-stdio';
