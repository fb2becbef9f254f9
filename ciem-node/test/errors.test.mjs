// Errors carry the core's code and the place in the input, in sync and async calls alike.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { CiemError, Snapshot } from '../index.js'
import { QUESTION, arn, file, sample } from './sample.mjs'

test('broken input is malformed, with its place', async () => {
  const path = file('broken.json', '{"UserDetailList": [')
  await assert.rejects(Snapshot.load(path), (error) => {
    assert(error instanceof CiemError && error.message.includes(path))
    assert.equal(error.code, 'malformed')
    assert.equal(error.place.source, path)
    return true
  })
})

test('other codes of loading', async () => {
  await assert.rejects(Snapshot.load(file('shopping.json', { milk: 1 })), { code: 'unrecognised' })
  await assert.rejects(Snapshot.load(join(tmpdir(), 'ciem-none.json')), { code: 'io' })
  await assert.rejects(Snapshot.load(sample(), { maxBytes: 10 }), { code: 'too_large' })
  await assert.rejects(Snapshot.load(sample(), { maxBytes: -1 }), RangeError)
  await assert.rejects(Snapshot.load(sample(), { onError: 'ignore' }), { code: 'invalid_request' })
})

test('a call throws, a promise rejects', async () => {
  const snapshot = await Snapshot.load(sample())
  const nobody = { ...QUESTION, principal: arn('nobody') }
  assert.throws(() => snapshot.can(nobody), { name: 'CiemError', code: 'unknown_principal' })
  await assert.rejects(snapshot.whatCan({ principal: nobody.principal }), { code: 'unknown_principal' })
})

test('skip lists the broken file and keeps the rest', async () => {
  const [broken, good] = [file('broken.json', '{'), sample()]
  const coverage = (await Snapshot.load([broken, good], { onError: 'skip' })).coverage()
  const errors = Object.fromEntries(coverage.files.map(({ name, errors }) => [name, errors]))
  assert(errors[broken].length > 0 && !errors[good]?.length)
  assert.equal(coverage.counts.users, 2)
})
