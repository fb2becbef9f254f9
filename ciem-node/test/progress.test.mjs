// Long work says how far it is, on the event loop, and no longer than it lasts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Snapshot } from '../index.js'
import { QUESTION, large } from './sample.mjs'

/** Options that note the steps in `steps`. */
function noted() {
  const steps = []
  return { steps, options: { onProgress: (step) => steps.push(step) } }
}

test('a load and long questions report steps', async () => {
  const loading = noted()
  const snapshot = await Snapshot.load(large(), loading.options)
  assert(loading.steps.length > 0)
  for (const { phase, done, total } of loading.steps) {
    assert(typeof phase === 'string' && phase.length > 0)
    assert(Number.isInteger(done) && done >= 0)
    assert(total === undefined || total >= 0)
  }
  const asking = noted()
  await snapshot.whoCan({ action: 's3:GetObject', ...asking.options })
  const holders = asking.steps.length
  assert(holders > 0)
  await snapshot.matrix(asking.options)
  assert(asking.steps.length > holders)
  // A question of one principal is answered too soon to say anything; it may be asked in the same way.
  await snapshot.whatCan({ principal: QUESTION.principal, ...asking.options })
})

test('no step comes after the answer', async () => {
  const { steps, options } = noted()
  await Snapshot.load(large(), options)
  const count = steps.length
  await sleep(50)
  assert.equal(steps.length, count)
})

test('a callback that throws stops the work with what it threw', async () => {
  const thrown = new Error('no more')
  const onProgress = () => {
    throw thrown
  }
  await assert.rejects(Snapshot.load(large(), { onProgress }), (error) => error === thrown)
})

test('signal and progress work together', async () => {
  const controller = new AbortController()
  const onProgress = () => controller.abort('seen enough')
  const answer = Snapshot.load(large(), { signal: controller.signal, onProgress })
  await assert.rejects(answer, (reason) => reason === 'seen enough')
})
