// Tables: rows made lazily, and the same rows as Arrow.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { tableFromIPC } from 'apache-arrow'
import { Snapshot, Table } from '../index.js'
import { ESTATE, QUESTION, large, sample } from './sample.mjs'

const estate = await Snapshot.load(ESTATE)

test('length, iteration, slices and arrays are those of one list', () => {
  const table = estate.permissions()
  assert(table instanceof Table && table.length > 1000)
  const rows = table.toArray()
  assert.equal(rows.length, table.length)
  assert.deepEqual([...table], rows)
  for (const [start, end] of [[], [0], [5], [5, 7], [-3], [-3, -1], [7, 5], [250, 520], [-1e9, 1e9], [1.9, 3.2], [NaN, 2], ['1', '3']]) {
    assert.deepEqual(table.slice(start, end), rows.slice(start, end), `${start} ${end}`)
  }
  assert.deepEqual(JSON.parse(JSON.stringify(table)), { v: 1, rows, assumptions: [] })
})

test('iteration stops where the reader stops, and rows are the reader\'s own', () => {
  const table = estate.permissions()
  const [first, second] = table
  first.permission = 'changed'
  assert.notEqual(table.slice(0, 1)[0].permission, 'changed')
  assert.deepEqual(table.slice(1, 2), [second])
})

test('a table shows itself', () => {
  assert.match(inspect(estate.permissions()), /^Table\(\d+\) \[\n/)
  assert.match(inspect([estate.resources()]), /Table\(\d+\)/)
})

test('rows are made when they are read, so that reading ten of many costs ten', async () => {
  const table = await (await Snapshot.load(large())).whoCan({ action: 's3:GetObject' })
  const time = (work) => {
    const started = performance.now()
    work()
    return performance.now() - started
  }
  time(() => table.slice(0, 10))
  const ten = Math.min(...Array.from({ length: 5 }, () => time(() => table.slice(7_000, 7_010))))
  assert(ten * 20 < time(() => table.toArray()), `${ten} ms`)
})

/** An Arrow value as a row has it. */
function plain(value, name) {
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value !== 'object') return value
  const items = [...value]
  return name === 'tags' ? Object.fromEntries(items.map((item) => [item.name, item.value])) : items
}

test('Arrow has the same columns and rows', async () => {
  const tables = [
    estate.principals(),
    estate.permissions(),
    estate.resources(),
    await estate.whoCan({ action: 's3:GetObject' }),
    await estate.whatCan({ principal: estate.principals().toArray().find((row) => row.loaded).principal }),
    await estate.matrix(),
  ]
  for (const table of tables) {
    const arrow = tableFromIPC(table.toArrowIPC())
    const names = arrow.schema.fields.map((field) => field.name)
    assert(table.length > 0)
    assert.deepEqual(names, Object.keys(table.slice(0, 1)[0]))
    assert.equal(arrow.numRows, table.length)
    const rows = Array.from(arrow, (row) => Object.fromEntries(names.map((name) => [name, plain(row[name], name)])))
    assert.deepEqual(rows, table.toArray())
  }
})

test('an Arrow table without rows has its columns', async () => {
  const snapshot = await Snapshot.load(sample())
  const none = await snapshot.whoCan({ action: 'ec2:RunInstances', match: 'all' })
  assert.equal(none.length, 0)
  assert.deepEqual(none.toArray(), [])
  const arrow = tableFromIPC(none.toArrowIPC())
  assert.equal(arrow.numRows, 0)
  const some = await snapshot.whoCan({ action: QUESTION.action })
  assert.deepEqual(arrow.schema.fields.map((field) => field.name), Object.keys(some.slice(0, 1)[0]))
})

test('a large table goes to Arrow whole', async () => {
  const table = await (await Snapshot.load(large())).whoCan({ action: 's3:GetObject' })
  const arrow = tableFromIPC(table.toArrowIPC())
  assert.equal(arrow.numRows, table.length)
  assert.equal(arrow.getChild('principal').get(7_999), table.slice(7_999, 8_000)[0].principal)
})
