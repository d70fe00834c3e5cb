/** Forty questions in plain words, each with the tools that answer it: what `find_tools` is measured with. */

export interface ToolQuestion {
  question: string;
  /** The tool that is meant; a second one where it would serve as well. */
  tools: readonly string[];
}

const question = (text: string, ...tools: string[]): ToolQuestion => ({ question: text, tools });

/** Those that were looked at while the keywords were chosen. */
export const knownQuestions: readonly ToolQuestion[] = [
  question('who am I', 'whoami'),
  question('hand work back', 'release_claim'),
  question('what should I do next', 'claim_task', 'next_task'),
  question('mark it done', 'complete_task', 'finish_task'),
  question('invite a colleague', 'invite_member'),
  question('I need more time for this job', 'renew_claim'),
  question('write down a new to-do', 'create_task'),
  question('which boards exist here', 'list_projects'),
  question('set up a new project for the website', 'create_project'),
  question('add several tickets in one go', 'create_tasks'),
  question('show everything that is still open', 'list_tasks'),
  question('read the details of WEB-12', 'get_task'),
  question('change the priority of an item', 'update_task'),
  question('throw a ticket away for good', 'delete_task'),
  question('who else works here', 'list_members'),
  question('make someone an administrator', 'update_member'),
  question('kick a person out of the team', 'remove_member'),
  question('give my bot a token', 'create_key'),
  question('this credential leaked, disable it', 'revoke_key'),
  question('hand in my results', 'finish_task'),
];

/** Those that were written before the keywords and kept aside: what they score is what an unseen question may expect. */
export const heldOutQuestions: readonly ToolQuestion[] = [
  question('what permissions do I have', 'whoami'),
  question('I cannot go on, somebody else should take over', 'release_claim'),
  question('pick up some work', 'claim_task'),
  question('close this issue', 'complete_task'),
  question('ask another person to join us', 'invite_member'),
  question('keep the lock on my job alive', 'renew_claim'),
  question('file a bug', 'create_task'),
  question('peek at the queue without taking anything', 'next_task'),
  question('start a fresh project', 'create_project'),
  question('import a list of tickets', 'create_tasks'),
  question('find issues assigned to me', 'list_tasks'),
  question('look at one ticket and its comments', 'get_task'),
  question('add a comment to a ticket', 'update_task'),
  question('erase a mistaken task', 'delete_task'),
  question('remove a whole project', 'delete_project'),
  question('join with the code I was sent', 'accept_invitation'),
  question('demote a member to viewer', 'update_member'),
  question('replace the secret of an API key', 'rotate_key'),
  question('which API tokens are there', 'list_keys'),
  question('I am done with the task I took, here is the output', 'finish_task'),
];
