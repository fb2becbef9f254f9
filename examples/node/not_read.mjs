// What was not read, and what do answers take for granted because of it?
//
//     node not_read.mjs [FOLDER]
import { Snapshot } from 'ciem'

const SAMPLE = new URL('../estate', import.meta.url)

const [folder = SAMPLE] = process.argv.slice(2)
// A file that is damaged is one of the things to report.
const coverage = (await Snapshot.load(folder, { onError: 'skip' })).coverage()

for (const { account, layer, state, reason } of coverage.layers) {
  if (state !== 'given') console.log(`account ${account}: ${layer} ${state.replaceAll('_', ' ')}`)
  if (state !== 'given' && reason) console.log(`    ${reason}`)
}
for (const { name, errors } of coverage.files) {
  for (const error of errors) console.log(`${name}: ${error}`)
}
for (const { policy, pointer, reason } of coverage.rejected) console.log(`rejected: ${policy} ${pointer}: ${reason}`)
for (const action of coverage.unknown_actions) console.log(`no such action in the catalogue: ${action}`)
for (const assumption of coverage.assumptions) console.log(`assumed: ${assumption}`)
