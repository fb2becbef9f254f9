// Role mining from pairs and from a snapshot.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Snapshot, Usage, mineRoles } from '../index.js'
import { ESTATE, LOGS, sample } from './sample.mjs'

const PAIRS = [['ana', 'read'], ['ana', 'write'], ['bob', 'read'], ['cleo', 'read'], ['cleo', 'write']]

test('pairs are mined to the optimum', async () => {
  const mined = await mineRoles(PAIRS)
  assert.deepEqual([mined.v, mined.optimal, mined.lower_bound], [1, true, 2])
  const roles = mined.roles.map(({ users, permissions }) => [users, permissions])
  assert.deepEqual(roles, [[['ana', 'cleo'], ['read', 'write']], [['bob'], ['read']]])
  assert.deepEqual(await mineRoles(new Set(PAIRS)), mined)
})

test('options are named as in JavaScript', async () => {
  const mined = await mineRoles(PAIRS, { maxPermissionsPerRole: 1, separate: [['read', 'write']] })
  assert.deepEqual(mined.roles.map((role) => role.permissions), [['read'], ['write']])
  assert.deepEqual(mined.conflicts, [{ permissions: ['read', 'write'], users: ['ana', 'cleo'] }])
  const existing = [{ name: 'writers', permissions: ['write'] }]
  assert.equal((await mineRoles(PAIRS, { separate: [['read', 'write']], existing })).roles[1].name, 'writers')
})

test('more pairs than are handed over at a time', async () => {
  const pairs = Array.from({ length: 20_000 }, (_, at) => [`u${at % 200}`, `p${Math.floor(at / 200)}`])
  const mined = await mineRoles(pairs)
  assert.deepEqual([mined.roles.length, mined.pairs], [1, 20_000])
})

test('progress is told of work that takes a while', async () => {
  const some = ([user, permission]) => (user * 7919 + permission * 104_729 + ((user * permission) % 97) * 31) % 10 < 3
  const all = Array.from({ length: 200_000 }, (_, at) => [at % 400, Math.floor(at / 400)])
  const phases = new Set()
  const pairs = all.filter(some).map(([user, permission]) => [`u${user}`, `p${permission}`])
  await mineRoles(pairs, { steps: 300_000_000, onProgress: ({ phase }) => phases.add(phase) })
  assert.ok(phases.has('reading pairs') && phases.size > 1)
})

test('what is no pair is refused, and a signal stops the work', async () => {
  const refused = { name: 'CiemError', code: 'invalid_request' }
  for (const pairs of [['ab'], [['ana', 1]], [['ana']], [null]]) await assert.rejects(mineRoles(pairs), refused)
  await assert.rejects(mineRoles(PAIRS, { objective: 'peace' }), refused)
  await assert.rejects(mineRoles(new Uint8Array([1, 2, 3])), { code: 'malformed' })
  await assert.rejects(mineRoles(PAIRS, { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('a snapshot is mined', async () => {
  const snapshot = await Snapshot.load(sample())
  const mined = await snapshot.mineRoles({ principalKind: 'user', form: 'group' })
  assert.ok(mined.optimal)
  assert.equal(mined.roles[0].native[0].form, 'group')
  const pairs = await snapshot.assignments({ principalKind: 'user' })
  const again = await mineRoles(pairs)
  assert.equal(again.roles.length, mined.roles.length)
  await assert.rejects(snapshot.mineRoles({ form: 'haiku' }), { code: 'invalid_request' })
})

test('only what was used is mined', async () => {
  const [snapshot, usage] = await Promise.all([Snapshot.load(ESTATE), Usage.load(LOGS)])
  const asked = { usage, at: '2026-11-01T00:00:00Z', principalKind: 'role' }
  const phases = new Set()
  const mined = await snapshot.mineRoles({ ...asked, onProgress: ({ phase }) => phases.add(phase) })
  const all = await snapshot.mineRoles({ principalKind: 'role' })
  assert.ok(mined.optimal && mined.pairs > 0 && mined.pairs < all.pairs)
  assert.ok(mined.assumptions.some((text) => text.includes('the logs cannot show')))
  const pairs = await snapshot.assignments(asked)
  assert.equal(new Set(pairs.toArray().map(({ user, permission }) => `${user} ${permission}`)).size, mined.pairs)
  const kept = await snapshot.mineRoles({ ...asked, keepUnobservable: true })
  assert.ok(kept.pairs > mined.pairs)
})
