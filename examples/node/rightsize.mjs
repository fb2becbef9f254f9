// From logs to a proposal: what a principal used, what is left of its policies, what proves it and what takes it back.
//
//     node rightsize.mjs [FOLDER LOGS [PRINCIPAL]]
import { Snapshot, Usage } from 'ciem'

const SHOWN = 4
const WINDOW = { window: '90d', at: '2026-11-01T00:00:00Z' }

const [folder = new URL('../estate', import.meta.url), logs = new URL('../estate_logs', import.meta.url), wanted] = process.argv.slice(2)
const [snapshot, usage] = await Promise.all([Snapshot.load(folder), Usage.load(logs)])

/** Of those who were seen in the logs: who holds the most that was not used. */
async function theMostIdle() {
  const seen = new Set(usage.uses().toArray().map((row) => row.principal))
  const idle = new Map()
  for (const row of await snapshot.unused({ usage, of: 'permission', ...WINDOW })) {
    if (row.state !== 'unused' || !seen.has(row.id)) continue
    idle.set(row.id, (idle.get(row.id) ?? 0) + (row.permissions?.length ?? 0))
  }
  return [...idle].sort(([a, m], [b, n]) => n - m || (a < b ? 1 : -1))[0][0]
}

const some = (names) => names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '')

const principal = wanted ?? (await theMostIdle())
const proposal = await snapshot.rightsize({ principal, usage, level: 'resources', mode: 'safe', ...WINDOW })
console.log(`${proposal.principal}: ${proposal.kept} of ${proposal.granted} permissions stay`)
for (const { reasons, permissions } of proposal.keep) console.log(`  stays (${reasons.join(', ')}): ${some(permissions)}`)
for (const { reasons, permissions } of proposal.remove) console.log(`  goes (${reasons.join(', ')}): ${some(permissions)}`)
for (const { name, kind, characters, limit, document } of proposal.policies) {
  console.log(`${name} (${kind}, ${characters} of ${limit} characters)\n${JSON.stringify(document, null, 2)}`)
}
for (const { operation, slot, call, undo } of proposal.remedy.changes) {
  console.log(`  ${operation} ${slot}: ${call.action}, undone by ${undo.action}`)
}
const { replay, calendar, within_granted: within, rollback_sha256: hash } = proposal.certificate
console.log(`within what was granted: ${within}; ${replay.events} logged events decided anew, ${replay.would_fail} would fail`)
console.log(`${calendar.covered} of ${calendar.days} days covered; rollback document: sha256 ${hash}`)
