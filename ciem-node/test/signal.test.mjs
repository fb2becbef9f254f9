// A signal gives a promise up: before, while and after it works. The caller's signal is left as it was found.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { Snapshot } from '../index.js'
import native from '../native.js'
import { QUESTION, large, sample } from './sample.mjs'

const snapshot = await Snapshot.load(large())
const asks = {
  load: (options) => Snapshot.load(large(), options),
  whoCan: (options) => snapshot.whoCan({ action: 's3:GetObject', ...options }),
  whatCanOfAll: (options) => snapshot.whatCan({ ...options }),
  whatCan: (options) => snapshot.whatCan({ principal: QUESTION.principal, ...options }),
  matrix: (options) => snapshot.matrix(options),
  canBecome: (options) => snapshot.canBecome(options),
}

for (const [verb, ask] of Object.entries(asks)) {
  test(`${verb}: a signal that has fired stops the call with its reason`, async () => {
    const reason = new Error('never mind')
    await assert.rejects(ask({ signal: AbortSignal.abort(reason) }), (error) => error === reason)
    await assert.rejects(ask({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  })

  test(`${verb}: a signal is heard while the work runs, and let go of`, async () => {
    const controller = new AbortController()
    const { signal } = controller
    const heard = []
    signal.onabort = () => heard.push('own')
    const answer = ask({ signal })
    // The work has begun, and it can end only once the event loop goes on.
    controller.abort('enough')
    await assert.rejects(answer, (reason) => reason === 'enough')
    assert.deepEqual(heard, ['own'])
    assert.equal(getEventListeners(signal, 'abort').length, 1, 'only that of onabort is left')
  })

  test(`${verb}: an answer lets go of its signal`, async () => {
    const controller = new AbortController()
    const own = () => assert.fail('not aborted')
    controller.signal.onabort = own
    await ask({ signal: controller.signal })
    assert.equal(controller.signal.onabort, own)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
    controller.signal.onabort = null
    controller.abort()
  })
}

test('a time limit', async () => {
  await assert.rejects(Snapshot.load(large(), { signal: AbortSignal.timeout(1) }), { name: 'TimeoutError' })
})

test('the work itself stops at its next poll', async () => {
  const token = new native.CancelToken()
  const answer = native.NativeSnapshot.load([large()], 'raise', undefined, undefined, token)
  token.cancel()
  assert.equal(JSON.parse((await answer).failure).code, 'cancelled')
})

test('one signal may serve many calls', async () => {
  const controller = new AbortController()
  const answers = Array.from({ length: 5 }, () => Snapshot.load(large(), { signal: controller.signal }))
  setImmediate(() => controller.abort())
  const outcomes = await Promise.allSettled(answers)
  assert(outcomes.every(({ reason }) => reason === controller.signal.reason))
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

test('failures and answers that come first are not those of the signal', async () => {
  const controller = new AbortController()
  await assert.rejects(Snapshot.load('/no/such/place', { signal: controller.signal }), { code: 'io' })
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  const snapshot = await Snapshot.load(sample(), { signal: controller.signal })
  controller.abort()
  assert.equal(snapshot.can(QUESTION).verdict, 'allow')
})

test('what is no signal is a type error', async () => {
  await assert.rejects(Snapshot.load(sample(), { signal: 'stop' }), TypeError)
})
