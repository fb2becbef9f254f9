// Worker threads have the library for themselves, and may be ended at any time.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { QUESTION, large, sample } from './sample.mjs'

const library = new URL('../index.mjs', import.meta.url)
const worker = (text, workerData) =>
  new Worker(`const { parentPort, workerData } = require('node:worker_threads')
    import(${JSON.stringify(library)}).then(async ({ Snapshot }) => { ${text} })`, { eval: true, workerData })

test('several threads load and ask at once', async () => {
  const data = { path: sample(), question: QUESTION }
  const text = 'parentPort.postMessage((await Snapshot.load(workerData.path)).can(workerData.question).verdict)'
  const answers = Array.from({ length: 4 }, () => once(worker(text, data), 'message'))
  assert.deepEqual((await Promise.all(answers)).flat(), ['allow', 'allow', 'allow', 'allow'])
})

test('a thread may end while it loads, and with a snapshot in hand', async () => {
  for (const text of [
    'Snapshot.load(workerData, { onProgress: () => parentPort.postMessage(1) }); setTimeout(() => {}, 60_000)',
    'globalThis.kept = await Snapshot.load(workerData); parentPort.postMessage(1); setTimeout(() => {}, 60_000)',
  ]) {
    const thread = worker(text, large())
    await once(thread, 'message')
    await thread.terminate()
  }
})
