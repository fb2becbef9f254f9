// Why was it denied?
//
//     node why_denied.mjs [FOLDER [PRINCIPAL ACTION RESOURCE]]
import { Snapshot } from 'ciem'

const SAMPLE = new URL('../estate', import.meta.url)
// Whose permissions the wishes are; principals of another provider are nobody there.
const PROVIDER = 'aws'
// Things that people ask for and are told that they may not.
const WISHES = ['cloudtrail:StopLogging', 'iam:CreateUser', 'ec2:TerminateInstances', 's3:DeleteBucket']

/** A question of somebody who holds the permission and is stopped all the same, if there is one. */
function aDenial(snapshot) {
  const people = snapshot.principals().toArray().filter((row) => row.loaded && row.provider === PROVIDER)
  const questions = WISHES.flatMap((action) => people.map(({ principal }) => ({ principal, action, resource: '*' })))
  const denied = questions.filter((question) => snapshot.can(question).verdict === 'deny')
  return denied.find((question) => snapshot.can(question).denial === 'explicit') ?? denied[0]
}

const [folder = SAMPLE, principal, action, resource] = process.argv.slice(2)
const snapshot = await Snapshot.load(folder)
const question = principal ? { principal, action, resource } : aDenial(snapshot)
const { decision, layers } = snapshot.explain(question)

console.log(Object.values(question).join(' '))
console.log(`  ${decision.verdict}, ${decision.denial}, by ${(decision.blocked_by ?? []).join(', ')}`)
for (const layer of layers) {
  if (layer.stops !== 'no' || layer.statements.length) console.log(`  ${layer.layer}, stops it: ${layer.stops}`)
  for (const place of layer.statements) {
    const { effect, policy, pointer } = decision.statements[place]
    console.log(`      ${effect} in ${policy} ${pointer}`)
  }
  for (const { policy, reason } of (layer.stops !== 'no' && layer.near_misses) || []) {
    console.log(`      nearly, in ${policy}: ${reason}`)
  }
}
for (const { fact, subject, how } of decision.missing ?? []) console.log(`  not known: ${fact} of ${subject}: ${how}`)
