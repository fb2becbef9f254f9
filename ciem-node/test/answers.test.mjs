// What Node adds to the wire forms: objects, paths, option names, promises.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import {
  Snapshot,
  Table,
  checkAccessNotGranted,
  checkNoNewAccess,
  checkNoPublicAccess,
  conditionBlocks,
  conditionText,
  simulate,
} from '../index.js'
import { QUESTION, arn, sample } from './sample.mjs'

test('paths may be text, URLs, lists and folders', async () => {
  const path = sample()
  for (const paths of [path, [path], pathToFileURL(path), [pathToFileURL(path)], dirname(path)]) {
    assert.equal((await Snapshot.load(paths)).coverage().counts.users, 2)
  }
})

test('the package is the same for import and require', async () => {
  assert.equal(createRequire(import.meta.url)('ciem').Snapshot, Snapshot)
})

test('decisions and explanations are plain objects', async () => {
  const snapshot = await Snapshot.load(sample())
  const decision = snapshot.can(QUESTION)
  assert.deepEqual([decision.v, decision.verdict, decision.statements[0].effect], [1, 'allow', 'allow'])
  const explanation = snapshot.explain({ ...QUESTION, principal: arn('bob') })
  assert.equal(explanation.decision.denial, 'implicit')
  assert(explanation.layers.length > 0)
})

test('an explanation has forms in words', async () => {
  const explanation = (await Snapshot.load(sample())).explain({ ...QUESTION, resource: 'arn:aws:s3:::other/<x>' })
  const [near] = explanation.layers[0].near_misses
  assert.equal(near.failed[0].element, 'resource')
  assert(explanation.text.includes(near.reason) && explanation.text.includes('<x>'))
  assert(explanation.html.includes('&lt;x&gt;') && !explanation.html.includes('<x>'))
  assert.deepEqual(Object.keys(explanation), Object.keys(JSON.parse(JSON.stringify(explanation))))
  assert(!('text' in JSON.parse(JSON.stringify(explanation))))
})

test('conditions are read from decisions and from columns', async () => {
  const condition = { key: 'aws:SourceIp', operator: 'IpAddress', values: ['10.0.0.0/8'], source: 0 }
  for (const given of [condition, JSON.stringify(condition)]) {
    assert.equal(conditionText(given), 'only from 10.0.0.0/8')
    assert.deepEqual(conditionBlocks(given).blocks, [{ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8'] } }])
  }
  assert.throws(() => conditionText({ nonsense: 1 }), { code: 'invalid_request' })
  const snapshot = await Snapshot.load(sample())
  assert((await snapshot.whatWouldSettleIt({ action: QUESTION.action })) instanceof Table)
})

test('a table has length, iteration, slices and arrays', async () => {
  const table = (await Snapshot.load(sample())).principals()
  assert(table instanceof Table)
  const loaded = [...table].filter((row) => row.loaded)
  assert.deepEqual(loaded.map((row) => row.principal).sort(), [arn('ana'), arn('bob')])
  assert.equal(table.length, [...table].length)
  assert.deepEqual(table.slice(1), table.toArray().slice(1))
  assert.deepEqual(JSON.parse(JSON.stringify(table)).rows, table.toArray())
  assert(Array.isArray(table.assumptions))
})

test('long verbs are promises of tables', async () => {
  const snapshot = await Snapshot.load(sample())
  const { principal, ...holders } = QUESTION
  const who = snapshot.whoCan({ ...holders, match: 'all' })
  assert(who instanceof Promise)
  assert((await who).toArray().some((row) => row.principal === principal))
  assert((await snapshot.whatCan({ principal })).toArray().some((row) => row.permissions.includes('s3:GetObject')))
  assert((await snapshot.matrix()).length > 0)
  assert(snapshot.permissions().length > 0 && snapshot.resources().length >= 0)
})

test('camelCase options reach the core', async () => {
  const snapshot = await Snapshot.load(sample())
  const context = { 'aws:SourceIp': '10.0.0.1', 'aws:MultiFactorAuthPresent': null }
  const options = { context, at: '2026-01-01T00:00:00Z', unknownContext: 'absent', missingLayer: 'assume_none' }
  assert.equal(snapshot.can({ ...QUESTION, ...options }).verdict, 'allow')
  assert.throws(() => snapshot.can({ ...QUESTION, unknownContext: 'sometimes' }), { code: 'invalid_request' })
  assert.throws(() => snapshot.can({ ...QUESTION, at: 'yesterday' }), { code: 'invalid_request' })
})

test('simulate needs no snapshot', () => {
  const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  const question = { v: 1, provider: 'aws', ...QUESTION }
  assert.equal(simulate(question).verdict, 'deny')
  assert.equal(simulate({ ...question, identity_policies: [{ name: 'p', document }] }).verdict, 'allow')
})

test('checks compare policies', () => {
  const policy = (action) => ({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: action, Resource: '*' } })
  const options = { kind: 'identity', resourceAccount: '111122223333' }
  assert.equal(checkNoNewAccess({ new: policy('s3:GetObject'), old: policy('s3:Get*'), ...options }).result, 'pass')
  const found = checkAccessNotGranted({ policy: JSON.stringify(policy('s3:GetObject')), actions: ['s3:Get*'] })
  assert.equal(found.witness.action, 's3:GetObject')
  assert.throws(() => checkNoPublicAccess({ policy: policy('s3:GetObject') }), { code: 'invalid_request' })
})
