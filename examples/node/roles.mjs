// Which few roles would give everybody what they have?
//
//     node roles.mjs [FOLDER]
import { Snapshot } from 'ciem'

const SAMPLE = new URL('../estate', import.meta.url)

const [folder = SAMPLE] = process.argv.slice(2)
const snapshot = await Snapshot.load(folder)
const asked = [['aws', 'user'], ['aws', 'person'], ['azure', 'user']]
for (const [provider, principalKind] of asked) {
  const mined = await snapshot.mineRoles({ provider, principalKind })
  const proof = mined.optimal ? 'proven the fewest' : `at least ${mined.lower_bound}`
  console.log(`${provider} ${principalKind}: ${mined.pairs} pairs, ${mined.roles.length} roles, ${proof}`)
  console.log(`${'members'.padStart(7)} ${'permissions'.padStart(11)} ${'only here'.padStart(9)}  ${'name'.padEnd(32)} like`)
  for (const role of mined.roles) {
    const { closest } = role
    const like = closest ? `${closest.name.split('/').pop()} ${Math.floor(100 * closest.permissions)} %` : ''
    const [members, permissions, only] = [role.users.length, role.permissions.length, role.only_here]
    const numbers = `${String(members).padStart(7)} ${String(permissions).padStart(11)} ${String(only).padStart(9)}`
    console.log(`${numbers}  ${(role.name ?? '').split('/').pop().padEnd(32)} ${like}`)
  }
}
