// Usage: loading, merging, what was not used. What the states mean is tested in the core.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Snapshot, Usage } from '../index.js'
import { ESTATE, LOGS, arn, file, sample } from './sample.mjs'

const record = (id, eventTime, eventName, more) => ({
  eventTime,
  eventName,
  eventSource: 's3.amazonaws.com',
  awsRegion: 'us-east-1',
  eventID: id,
  recipientAccountId: '111122223333',
  userIdentity: { type: 'IAMUser', arn: arn('ana') },
  ...more,
})
const log = (...records) => file('log.json', { Records: records })

test('usage of two files is that of one', async () => {
  const first = record('a', '2026-01-03T10:00:00Z', 'ListBuckets')
  const second = record('b', '2026-01-04T10:00:00Z', 'CreateBucket', { errorCode: 'AccessDenied' })
  const [one, two, both] = await Promise.all([Usage.load(log(first)), Usage.load(log(second)), Usage.load(log(second, first))])
  const merged = one.merge(two)
  assert.deepEqual(merged.uses().toArray(), both.uses().toArray())
  const [denied, used] = merged.uses()
  assert.deepEqual([used.permission, used.days, used.count], ['s3:ListAllMyBuckets', ['2026-01-03'], 1])
  assert.deepEqual([denied.permission, denied.count, denied.denied], ['s3:CreateBucket', 0, 1])
  assert.equal(merged.coverage().logs[0].days, 2)
})

test('what was not used', async () => {
  const [snapshot, usage] = await Promise.all([Snapshot.load(sample()), Usage.load(log(record('a', '2026-01-03T10:00:00Z', 'GetObject')))])
  const rows = (await snapshot.unused({ usage, window: '1d', of: 'principal' })).toArray()
  assert.deepEqual(rows.map((row) => [row.id, row.state]), [[arn('bob'), 'unused']])
  const [silent] = await snapshot.unused({ usage, window: '90d', at: '2026-03-01T00:00:00Z', of: ['principal'] })
  assert.equal(silent.state, 'unobservable')
  assert(silent.uncovered_days > 80)
})

test('two hundred unused permissions across an environment are one call', async () => {
  const [snapshot, usage] = await Promise.all([Snapshot.load(ESTATE), Usage.load(LOGS)])
  const question = { usage, at: '2026-11-01T00:00:00Z', of: 'permission', by: 'environment', environment: 'dev' }
  const rows = (await snapshot.unused(question)).toArray()
  const unused = rows.find((row) => row.state === 'unused')
  assert(unused.permissions.length >= 200 && unused.count > unused.permissions.length)
})

test('errors and bad input', async () => {
  await assert.rejects(Usage.load(file('notes.txt', 'hello')), { code: 'unrecognised' })
  const snapshot = await Snapshot.load(sample())
  const nothing = await Usage.load(file('notes.txt', 'hello'), { onError: 'skip' })
  assert.equal(nothing.coverage().files[0].kind, 'unrecognised')
  await assert.rejects(snapshot.unused({ usage: nothing }), { code: 'invalid_request' })
  await assert.rejects(snapshot.unused({ usage: nothing, window: 'long', at: '2026-01-01T00:00:00Z' }), { code: 'invalid_request' })
  const cut = JSON.stringify({ Records: [record('a', '2026-01-03T10:00:00Z', 'ListBuckets')] }).slice(0, -1) + ',{"even'
  const usage = await Usage.load(file('cut.json', cut))
  assert.equal(usage.uses().length, 1)
  assert.match(usage.coverage().files[0].errors[0], /^malformed: .* at byte /)
})

test('a proposal says what stays and takes itself back', async () => {
  const [snapshot, usage] = await Promise.all([Snapshot.load(ESTATE), Usage.load(LOGS)])
  const loaded = new Set(snapshot.principals().toArray().filter((row) => row.loaded).map((row) => row.principal))
  const principal = usage.uses().toArray().find((row) => row.count && loaded.has(row.principal)).principal
  const proposal = await snapshot.rightsize({ principal, usage, at: '2026-11-01T00:00:00Z', mode: 'exact' })
  const { certificate, remedy, rollback } = proposal
  assert.deepEqual([certificate.within_granted, certificate.covers_kept], ['proved', 'proved'])
  assert.equal(certificate.replay.would_fail, 0)
  assert(certificate.replay.events > 0)
  assert.deepEqual(remedy.changes.map((one) => one.undo).reverse(), rollback.changes.map((one) => one.call))
  await assert.rejects(snapshot.rightsize({ principal, usage, mode: 'smallest' }), { code: 'invalid_request' })
})

test('proposals of many are those of each', async () => {
  const [snapshot, usage] = await Promise.all([Snapshot.load(ESTATE), Usage.load(LOGS)])
  const options = { usage, at: '2026-11-01T00:00:00Z', mode: 'exact' }
  const steps = []
  const table = await snapshot.rightsizeEach({ ...options, onProgress: (step) => steps.push(step.phase) })
  assert(table.length > 20 && steps.includes('rightsizing'))
  const rows = table.toArray()
  for (const row of rows.filter((row) => row.provider === 'aws' && row.changes > 0).slice(0, 3)) {
    const proposal = await snapshot.rightsize({ ...options, principal: row.principal })
    assert.deepEqual(JSON.parse(row.proposal), proposal)
    assert.deepEqual([row.granted, row.kept, row.fits], [proposal.granted, proposal.kept, true])
  }
  const named = (await snapshot.rightsizeEach({ ...options, principals: [rows[1].principal, 'nobody'] })).toArray()
  assert.deepEqual(named[0], rows[1])
  assert.equal(named[1].error, 'unknown_principal')
  await assert.rejects(snapshot.rightsizeEach({ ...options, signal: AbortSignal.abort() }), { name: 'AbortError' })
})
