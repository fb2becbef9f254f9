// Which identities have administrator reach?
//
//     node administrators.mjs [FOLDER]
import { Snapshot } from 'ciem'

const SAMPLE = new URL('../estate', import.meta.url)
// Whoever may do one of these to everybody may do everything.
const WAYS = [
  'iam:AttachRolePolicy',
  'iam:AttachUserPolicy',
  'iam:CreateAccessKey',
  'iam:CreatePolicyVersion',
  'iam:PutRolePolicy',
  'iam:PutUserPolicy',
  'iam:UpdateAssumeRolePolicy',
]

const [folder = SAMPLE] = process.argv.slice(2)
const snapshot = await Snapshot.load(folder)
const reach = new Map()
for (const action of WAYS) {
  for (const { principal, verdict, condition } of await snapshot.whoCan({ action, resource: '*', match: 'all' })) {
    const key = JSON.stringify([principal, verdict, condition])
    reach.set(key, [...(reach.get(key) ?? []), action])
  }
}

for (const key of [...reach.keys()].sort()) {
  const [principal, verdict, condition] = JSON.parse(key)
  console.log(`${verdict.padEnd(12)} ${principal}: ${reach.get(key).length} of ${WAYS.length} ways`)
  if (condition) console.log(`${'if'.padStart(12)} ${condition}`)
}
