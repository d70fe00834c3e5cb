/** What the protocol handlers need of a workspace, bound to one caller; HTTP and stdio both stand on it. */

import type {
  CompleteResult,
  GetPromptResult,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  ReadResourceResult,
} from '@modelcontextprotocol/server';
import type { Answers } from '../../operations/question.ts';
import type { Progress } from '../../operations/types.ts';
import type { Principal } from '../../platform/identity/principal.ts';
import type { CompletionReference } from './completion.ts';
import type { LongCalls } from './long-calls/calls.ts';
import type { Questions } from './questions.ts';
import type { WishBook } from './wishes/wishes.ts';

/** What every call carries. */
export interface CallScope {
  request_id: string;
  /** Aborted when the client goes away or cancels. */
  signal: AbortSignal;
  /** What the person has answered so far; undefined: nobody can be asked. */
  answers?: Answers | undefined;
  /** Hears of progress. */
  progress?: ((progress: Progress) => void) | undefined;
}

export interface ToolCall extends CallScope {
  name: string;
  arguments: unknown;
  idempotency_key?: string | undefined;
}

export type ResourceChange = { kind: 'resource_updated'; uri: string } | { kind: 'resources_list_changed' };

export interface McpBackend {
  /** Who calls. */
  readonly principal: Principal;
  /** Whether the credential is still good. */
  stillGood(): Promise<boolean>;
  readonly questions: Questions;
  readonly longCalls: LongCalls;
  readonly wishes: WishBook;
  /** The same object for every caller with the same rights. */
  listTools(): Promise<ListToolsResult>;
  /** Whether there is such a tool here, and one whose call is a question and an answer: no progress, nothing asked in between. */
  isPlain(name: string): boolean;
  /** Whether this call may go on after its request, where the client can fetch the result later. */
  isLong(name: string, args: unknown): boolean;
  /**
   * The structured result.
   * @throws Problem for what the tool refuses; QuestionAsked when it needs an answer; ProtocolError -32602 when there is no such tool here.
   */
  callTool(call: ToolCall): Promise<Record<string, unknown>>;
  listResourceTemplates(): Promise<ListResourceTemplatesResult>;
  /** @throws Problem */
  listResources(cursor: string | undefined, scope: CallScope): Promise<ListResourcesResult>;
  /** @throws ProtocolError -32602 when there is no such resource, or none that this caller sees; Problem for the rest. */
  readResource(uri: string, scope: CallScope): Promise<ReadResourceResult>;
  listPrompts(): Promise<ListPromptsResult>;
  /** @throws ProtocolError -32602 when there is no such prompt here; Problem for wrong arguments and for the rest. */
  getPrompt(name: string, args: Readonly<Record<string, string>>, scope: CallScope): Promise<GetPromptResult>;
  /** @throws ProtocolError -32602 when there is nothing of that name here; Problem for the rest. */
  complete(ref: CompletionReference, argument: { name: string; value: string }, scope: CallScope): Promise<CompleteResult>;
  /** Tells of changes to resources that this caller sees, from the moment that it resolves. Returns how to stop. */
  subscribe(listener: (change: ResourceChange) => void): Promise<() => void>;
}
