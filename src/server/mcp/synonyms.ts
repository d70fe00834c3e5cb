/** Words that mean the same when somebody asks for a tool: general English and the vocabulary of other trackers, not single tools. */

/** Each line is a group; a word may be in several. What only one operation means is in its own `keywords`. */
const groups = `
create add new make start open write file log record register note raise draft compose establish setup initiate generate produce
delete remove erase drop destroy discard trash purge wipe nuke kill rid clear scrap
update change edit modify set alter adjust rename amend revise correct fix move bump reword put
list show search find all which overview every enumerate browse display
get read view look see open fetch show inspect detail retrieve check display
complete done close resolve finish mark tick end accomplish fulfil
finish done submit deliver ship report result output outcome deliverable hand
claim take grab pick get acquire reserve pull begin start accept assign
release return abandon drop quit relinquish unassign unclaim surrender yield resign abort giveup handback
renew extend prolong refresh keep longer more heartbeat ping
revoke disable invalidate deactivate block cancel kill withdraw terminate
rotate replace renew exchange regenerate swap cycle refresh
invite add ask bring onboard recruit welcome include
remove kick expel fire exclude offboard evict ban
accept join enter redeem
promote demote raise lower elevate downgrade
many several multiple bulk batch import dozen lot series hundred
task ticket issue job item card story bug todo work defect assignment chore subtask step error feature
project board area workstream product repository folder epic
member person people colleague teammate coworker employee user team human guy somebody someone staff
key token credential secret password access
role right permission privilege admin administrator owner viewer scope
me myself identity account profile
claim lease lock hold reservation
note comment remark history activity log
due deadline date
priority urgent urgency important importance
depend dependency wait block blocked blocker prerequisite
next upcoming anything something ready available
queue backlog pipeline
agent bot assistant worker machine
`;

/** The words that a group shares with `word`, without itself. `stem` is how words are compared. */
export function createSynonyms(stem: (word: string) => string): (word: string) => readonly string[] {
  const byWord = new Map<string, Set<string>>();
  for (const group of groups.trim().split('\n')) {
    const stems = group.split(' ').map(stem);
    for (const one of stems) byWord.set(one, new Set([...(byWord.get(one) ?? []), ...stems]));
  }
  return (word) => [...(byWord.get(word) ?? [])].filter((other) => other !== word);
}
