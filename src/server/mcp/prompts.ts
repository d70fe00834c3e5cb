/** Prompts: what a provider of one prompt offers, and how arguments are checked before it writes its messages. */

import { type GetPromptResult, type Prompt, type PromptMessage, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Principal } from '../../platform/identity/principal.ts';
import { invalidInput } from '../../platform/problem.ts';
import type { ResourceCall } from './resources.ts';

/** One prompt. */
export interface PromptProvider {
  /** As it is listed. Arguments are texts: the protocol knows no others. */
  readonly prompt: Prompt;
  /** Whether this principal may use it at all. */
  visible(principal: Principal): boolean;
  /** Gets the declared arguments alone, the required ones certainly. @throws Problem */
  messages(call: ResourceCall, args: Readonly<Record<string, string>>): Promise<PromptMessage[]>;
  /** Values that the argument can have and that begin with `value`, the likeliest first. */
  complete?(call: ResourceCall, argument: string, value: string): Promise<string[]>;
}

/** @throws ProtocolError -32602 when there is no such prompt for this caller; Problem for wrong arguments and for the rest. */
export async function getPrompt(
  providers: readonly PromptProvider[],
  call: ResourceCall,
  name: string,
  args: Readonly<Record<string, string>>,
): Promise<GetPromptResult> {
  const provider = findPrompt(providers, call.principal, name);
  checkArguments(provider.prompt, args);
  return { description: provider.prompt.description, messages: await provider.messages(call, args) };
}

/** @throws ProtocolError -32602: also for a prompt that this caller does not see. */
export function findPrompt(providers: readonly PromptProvider[], principal: Principal, name: string): PromptProvider {
  const found = providers.find((provider) => provider.prompt.name === name && provider.visible(principal));
  if (found !== undefined) return found;
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Unknown prompt: there is no prompt ${name.slice(0, 64)} here. Call prompts/list to see what there is.`,
  );
}

function checkArguments({ name, arguments: declared = [] }: Prompt, args: Readonly<Record<string, string>>): void {
  const problems = [
    ...declared
      .filter((argument) => argument.required === true && (args[argument.name] ?? '') === '')
      .map((argument) => ({ path: argument.name, message: 'is required' })),
    ...Object.keys(args)
      .filter((given) => !declared.some((argument) => argument.name === given))
      .map((given) => ({ path: given.slice(0, 64), message: 'there is no such argument' })),
  ];
  if (problems.length === 0) return;
  throw invalidInput({
    message: `The arguments of the prompt ${name} are wrong: ${problems.map(({ path, message }) => `${path}: ${message}`).join('; ')}.`,
    next: 'Correct them and ask again; prompts/list shows the arguments.',
    details: { problems },
  });
}
