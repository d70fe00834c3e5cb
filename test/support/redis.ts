/** A Redis of its own on a free port, where this machine has one. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestRedis {
  url: string;
  /** Ends it; `start` brings it back on the same port, empty. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** False: a test of it is skipped. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  let server: ChildProcess | undefined;
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      if (server === undefined) return;
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      server = undefined;
    },
    async start() {
      server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
      while (!(await answers(port))) await sleep(20);
    },
  };
  await redis.start();
  return redis;
}

async function answers(port: number): Promise<boolean> {
  return ask(port, 'PING').then(
    (answer) => answer.includes('PONG'),
    () => false,
  );
}

async function ask(port: number, command: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.end(`${command}\r\nQUIT\r\n`);
  return text(socket);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
