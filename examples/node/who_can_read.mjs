// Who can read this secret, bucket, key or queue?
//
//     node who_can_read.mjs [FOLDER [RESOURCE]]
import { Snapshot } from 'ciem'

const SAMPLE = new URL('../estate', import.meta.url)
// What reading is called, and which part of the resource is read.
const READING = new Map([
  ['secretsmanager:secret', ['secretsmanager:GetSecretValue', '']],
  ['s3:bucket', ['s3:GetObject', '/*']],
  ['kms:key', ['kms:Decrypt', '']],
  ['sqs:queue', ['sqs:ReceiveMessage', '']],
])

const [folder = SAMPLE, wanted] = process.argv.slice(2)
const snapshot = await Snapshot.load(folder)
const readable = snapshot.resources().toArray().filter((row) => READING.has(row.resource_kind))
// Without a resource, the most telling one that was loaded.
const kinds = wanted ? [] : [...READING.keys()]
const telling = kinds.map((kind) => readable.find((row) => row.resource_kind === kind)).find((row) => row)
const { resource, resource_kind } = telling ?? readable.find((row) => row.resource === wanted)
const [action, part] = READING.get(resource_kind)

console.log(`${action} on ${resource}${part}`)
for (const row of await snapshot.whoCan({ action, resource: resource + part })) {
  console.log(`  ${row.verdict.padEnd(12)} ${row.principal}`)
  if (row.condition) console.log(`  ${'if'.padStart(12)} ${row.condition}`)
}
