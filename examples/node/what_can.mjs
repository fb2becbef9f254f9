// What can this identity do?
//
//     node what_can.mjs [FOLDER [PRINCIPAL]]
import { Snapshot } from 'ciem'

const SAMPLE = new URL('../estate', import.meta.url)
const SHOWN = 4

const [folder = SAMPLE, wanted] = process.argv.slice(2)
const snapshot = await Snapshot.load(folder)
// Somebody with more than one policy has a story.
const loaded = snapshot.principals().toArray().filter((row) => row.loaded)
const principal = wanted ?? loaded.reduce((best, row) => (row.policies >= best.policies ? row : best)).principal

console.log(principal)
for (const row of await snapshot.whatCan({ principal })) {
  const left = row.permissions.length - SHOWN
  const line = (title, text) => console.log(`  ${title.padStart(12)} ${text}`)
  console.log(`  ${row.verdict.padEnd(12)} ${row.permissions.slice(0, SHOWN).join(', ')}${left > 0 ? ` and ${left} more` : ''}`)
  line('on', row.resources.join(', '))
  if (row.except.length) line('except', row.except.join(', '))
  if (row.condition) line('if', row.condition)
}
